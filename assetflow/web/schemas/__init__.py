"""What goes over the wire, a file a noun; the page's types are generated from these."""
