# Included by CMake right after llama.cpp's own project() call. The Python package switches the
# "common" library on for its examples; nothing here links it, and it is 40 % of the build.
set(LLAMA_BUILD_COMMON OFF)
