#include <iostream>
#include <wasi_nn.hpp>

int main(int argc, char **argv) try {
    const std::string prompt = argc > 1 ? argv[1] : "";
    wasi_nn::Context context(wasi_nn::Model("default"));
    wasi_nn::Options options;
    options.max_tokens = 120;

    std::cout << prompt;
    for (std::string_view piece : context.stream(prompt, options))
        std::cout << piece << std::flush;
} catch (const std::exception &error) {
    std::cerr << error.what() << "\n";
    return 1;
}
