package main

func Example() {
	main()
	// Output:
	// the bot says: is there anybody?
}
