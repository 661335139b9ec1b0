// Typed inputs and outputs, told by arguments, their outcome as lines: see test_tensors.py.
#include <cstdio>
#include <cstring>
#include <wasi_nn.hpp>

static void report(const void *bytes, std::size_t size) {
    std::printf("ok ");
    for (std::size_t i = 0; i < size; i++)
        std::printf("%02x", static_cast<const unsigned char *>(bytes)[i]);
    std::printf("\n");
}

static void report(const wasi_nn::Error &error) {
    std::printf("error %d of 0: %s\n", static_cast<int>(error.code()), error.what());
}

template <class T> void run(wasi_nn::Context &context, char **argv) {
    const auto index = static_cast<std::uint32_t>(std::stoul(argv[2]));
    if (std::strcmp(argv[0], "get") == 0) {
        auto values = context.try_get<T>(index);
        if (values) report(values->data(), values->size() * sizeof(T));
        else report(values.error());
        return;
    }
    wasi_nn::Shape shape;
    for (char *at = argv[3]; *at >= '0' && *at <= '9'; at += *at == 'x')
        shape.push_back(static_cast<std::uint32_t>(std::strtoul(at, &at, 10)));
    const char *text = argv[4];
    std::vector<unsigned char> bytes;
    unsigned byte;
    for (; std::sscanf(text, "%2x", &byte) == 1; text += 2)
        bytes.push_back(static_cast<unsigned char>(byte));
    std::vector<T> values(bytes.size() / sizeof(T));
    std::memcpy(static_cast<void *>(values.data()), bytes.data(), values.size() * sizeof(T));
    auto done = context.try_set(index, values, shape);
    if (done) report(nullptr, 0);
    else report(done.error());
}

int main(int argc, char **argv) {
    wasi_nn::Context context(wasi_nn::Model("default"));
    for (int i = 1; i + 3 < argc; i += std::strcmp(argv[i], "set") == 0 ? 5 : 4) {
        const std::string type = argv[i + 1];
        if (type == "f16") run<wasi_nn::f16>(context, argv + i);
        if (type == "f32") run<float>(context, argv + i);
        if (type == "f64") run<double>(context, argv + i);
        if (type == "u8") run<std::uint8_t>(context, argv + i);
        if (type == "i32") run<std::int32_t>(context, argv + i);
        if (type == "i64") run<std::int64_t>(context, argv + i);
    }
}
