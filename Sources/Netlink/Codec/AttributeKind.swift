// SPDX-License-Identifier: Apache-2.0

package import CLinux

/// The number of an attribute, as the kernel's headers name it.
package protocol AttributeKind {
    /// The number, without the two flags of `nla_type`.
    var attributeNumber: UInt16 { get }
}

extension AttributeKind where Self: RawRepresentable, RawValue == UInt32 {
    package var attributeNumber: UInt16 { UInt16(truncatingIfNeeded: rawValue) }
}

/// The headers' enumerations without a name.
extension Int: AttributeKind {
    package var attributeNumber: UInt16 { UInt16(truncatingIfNeeded: self) }
}

extension UInt16: AttributeKind {
    package var attributeNumber: UInt16 { self }
}

extension rtattr_type_t: AttributeKind {}
extension nlmsgerr_attrs: AttributeKind {}

extension ctattr_type: AttributeKind {}
extension ctattr_tuple: AttributeKind {}
extension ctattr_ip: AttributeKind {}
extension ctattr_l4proto: AttributeKind {}

extension nft_table_attributes: AttributeKind {}
extension nft_chain_attributes: AttributeKind {}
extension nft_hook_attributes: AttributeKind {}
extension nft_rule_attributes: AttributeKind {}
extension nft_set_attributes: AttributeKind {}
extension nft_set_desc_attributes: AttributeKind {}
extension nft_set_field_attributes: AttributeKind {}
extension nft_set_elem_attributes: AttributeKind {}
extension nft_set_elem_list_attributes: AttributeKind {}
extension nft_list_attributes: AttributeKind {}
extension nft_data_attributes: AttributeKind {}
extension nft_verdict_attributes: AttributeKind {}
extension nft_expr_attributes: AttributeKind {}
extension nft_immediate_attributes: AttributeKind {}
extension nft_bitwise_attributes: AttributeKind {}
extension nft_cmp_attributes: AttributeKind {}
extension nft_lookup_attributes: AttributeKind {}
extension nft_payload_attributes: AttributeKind {}
extension nft_meta_attributes: AttributeKind {}
extension nft_ct_attributes: AttributeKind {}
extension nft_counter_attributes: AttributeKind {}
extension nft_nat_attributes: AttributeKind {}
extension nft_masq_attributes: AttributeKind {}
extension nft_reject_attributes: AttributeKind {}
extension nft_fib_attributes: AttributeKind {}
