// wasi_nn_error.hpp: failures in C++, with exceptions and without. Part of wasi_nn.hpp.
#ifndef WASI_NN_ERROR_HPP
#define WASI_NN_ERROR_HPP

#include "wasi_nn.h"

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <optional>
#include <string>
#include <utility>

#if defined(__cpp_exceptions)
#define WASI_NN_EXCEPTIONS 1
#endif

namespace wasi_nn {

// What failed last, as one line; empty before the first failure.
inline const char *last_error() { return wasi_nn_last_error(); }

// What went wrong: the host's number, and a line that says what was being done.
class Error : public std::exception {
  public:
    explicit Error(wasi_nn_errno code) : Error(code, last_error()) {}
    Error(wasi_nn_errno code, std::string message) : code_(code), message_(std::move(message)) {}
    wasi_nn_errno code() const noexcept { return code_; }
    const char *what() const noexcept override { return message_.c_str(); }

  private:
    wasi_nn_errno code_;
    std::string message_;
};

[[noreturn]] inline void fail(Error error) {
#ifdef WASI_NN_EXCEPTIONS
    throw error;
#else
    std::fprintf(stderr, "%s\n", error.what());
    std::abort();
#endif
}

inline void check(wasi_nn_errno code) {
    if (code != WASI_NN_SUCCESS) fail(Error(code));
}

// A value or an Error.
template <class T> class [[nodiscard]] Result {
  public:
    Result(T value) : value_(std::move(value)) {}
    Result(Error error) : error_(std::move(error)) {}
    bool has_value() const { return value_.has_value(); }
    explicit operator bool() const { return has_value(); }
    const Error &error() const { return *error_; } // only if there is no value
    T &operator*() & { return *value_; }           // only if there is one
    T *operator->() { return &*value_; }
    T value() && { // the value, or what a call without try_ does on failure
        if (!value_) fail(*error_);
        return std::move(*value_);
    }

  private:
    std::optional<T> value_;
    std::optional<Error> error_;
};

// Success or an Error.
template <> class [[nodiscard]] Result<void> {
  public:
    Result() = default;
    Result(Error error) : error_(std::move(error)) {}
    bool has_value() const { return !error_.has_value(); }
    explicit operator bool() const { return has_value(); }
    const Error &error() const { return *error_; } // only after a failure
    void value() && {
        if (error_) fail(*error_);
    }

  private:
    std::optional<Error> error_;
};

} // namespace wasi_nn

#endif // WASI_NN_ERROR_HPP
