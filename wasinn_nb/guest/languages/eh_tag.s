# The tag that C++ exceptions are thrown with: one i32, the address of the exception object
# (WebAssembly tool-conventions, EHScheme.md). Shared libraries aside, somebody must define it.
	.tagtype __cpp_exception i32
	.globl __cpp_exception
__cpp_exception:
