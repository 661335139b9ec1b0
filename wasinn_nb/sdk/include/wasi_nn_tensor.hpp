// wasi_nn_tensor.hpp: tensors by element type in C++. Part of wasi_nn.hpp; here for contexts that are
// plain handles.
#ifndef WASI_NN_TENSOR_HPP
#define WASI_NN_TENSOR_HPP

#include "wasi_nn_error.hpp"
#include "wasi_nn_math.h"

#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <vector>

namespace wasi_nn {

using Shape = std::vector<std::uint32_t>;

// A 16-bit float, which converts to and from float.
struct f16 {
    std::uint16_t bits = 0;
    f16() = default;
    explicit f16(float value) : bits(wasi_nn_to_f16(value)) {}
    operator float() const { return wasi_nn_from_f16(bits); }
};

// The number of an element type: f16, float, double, uint8_t, int32_t or int64_t.
template <class T> constexpr wasi_nn_type type_of() {
    constexpr bool integer = std::is_integral_v<T> && !std::is_same_v<T, bool>;
    if constexpr (std::is_same_v<T, f16>) return WASI_NN_TYPE_F16;
    else if constexpr (std::is_same_v<T, float>) return WASI_NN_TYPE_F32;
    else if constexpr (std::is_same_v<T, double>) return WASI_NN_TYPE_F64;
    else if constexpr (integer && std::is_unsigned_v<T> && sizeof(T) == 1) return WASI_NN_TYPE_U8;
    else if constexpr (integer && std::is_signed_v<T> && sizeof(T) == 4) return WASI_NN_TYPE_I32;
    else if constexpr (integer && std::is_signed_v<T> && sizeof(T) == 8) return WASI_NN_TYPE_I64;
    else static_assert(!sizeof(T), "wasi-nn has no tensors of this type");
}

// Give input `index`. There must be as many values as the shape says.
template <class T>
Result<void> try_set(wasi_nn_context context, std::uint32_t index, const T *values,
                     std::size_t count, const Shape &shape) {
    std::uint64_t wanted = 1;
    for (std::uint32_t dimension : shape)
        wanted = dimension && wanted > UINT64_MAX / dimension ? UINT64_MAX : wanted * dimension;
    if (wanted != count)
        return Error(WASI_NN_INVALID_ARGUMENT,
                     "setting input " + std::to_string(index) + ": the shape has " +
                         std::to_string(wanted) + " elements, and " + std::to_string(count) +
                         " values were given");
    const auto rank = static_cast<std::uint32_t>(shape.size());
    if (auto code = wasi_nn_set_tensor(context, index, type_of<T>(), values, shape.data(), rank))
        return Error(code);
    return {};
}

// Output `index`, however large it is.
template <class T>
Result<std::vector<T>> try_get(wasi_nn_context context, std::uint32_t index) {
    constexpr std::size_t limit = (256u << 20) / sizeof(T);
    std::vector<T> values(1024);
    for (;;) {
        std::size_t count = 0;
        const auto code = wasi_nn_get_tensor(context, index, type_of<T>(), values.data(),
                                             values.size(), &count);
        const std::size_t room = count ? count : 2 * values.size(); // not every host says
        if (code == WASI_NN_SUCCESS) {
            values.resize(count);
            return values;
        }
        if (code != WASI_NN_TOO_LARGE || room > limit) return Error(code);
        values.resize(room);
    }
}

} // namespace wasi_nn

#endif // WASI_NN_TENSOR_HPP
