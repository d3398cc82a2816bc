// What the sanitizers must know about this program.

// AddressSanitizer keeps what was freed for a while, 256 MB of it; the tests that measure memory would measure that.
extern "C" const char* __asan_default_options() { return "quarantine_size_mb=4"; }
