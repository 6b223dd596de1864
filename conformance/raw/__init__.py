"""Our own conformance cases, packet by packet. Does not use any MQTT library."""
