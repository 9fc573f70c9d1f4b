"""From the neighbours' JSON to what templates need: pure functions, no request, no HTTP."""
