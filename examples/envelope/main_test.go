package main

func Example() {
	main()
	// Output:
	// opened: {"id":"1","type":"https://example.org/hello/1.0/hi","body":{}}
	// layers: [authcrypt]
	// proved to be from Alice: true
}
