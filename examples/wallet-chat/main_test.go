package main

func Example() {
	main()
	// Output:
	// alice reads: Hi Alice!
	// the message to alice is read
	// bob reads: Hi Bob, how are you?
	// the message to bob is read
}
