// What the sanitizers must know about this program.

// AddressSanitizer keeps what was freed for a while, 256 MB of it; the tests that measure memory would measure that.
extern "C" const char* __asan_default_options() { return "quarantine_size_mb=4"; }

// libcpprest is not built with ThreadSanitizer, which so does not see half of the atomic counting of references that
// ends a request: the registration of a cancellation, counted down inline here and in the library there. Nothing of
// ours runs below these functions, so nothing of ours is hidden; the requests' data are guarded by Exchange.
extern "C" const char* __tsan_default_suppressions() {
  return "race:pplx::details::_RefCounter::\n"
         "race:pplx::details::_CancellationTokenCallback<\n";
}
