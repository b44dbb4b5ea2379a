@main struct Wharf { static func main() {} }
