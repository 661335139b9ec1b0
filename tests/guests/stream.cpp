// stream ALIAS PROMPT: a range of pieces, a callback, a whole text. Works without exceptions too.
#include <cstdlib>
#include <iostream>
#include <wasi_nn.hpp>

int main(int argc, char **argv) {
    const std::string alias = argc > 1 ? argv[1] : "default";
    const std::string prompt = argc > 2 ? argv[2] : "Once upon a time";
    wasi_nn::Options options;
    if (const char *limit = std::getenv("n_predict")) options.max_tokens = std::atoi(limit);

    auto model = wasi_nn::Model::try_load(alias);
    if (!model) {
        std::cerr << model.error().what() << "\n";
        return 1;
    }
    wasi_nn::Context context(*model);
    for (std::string_view piece : context.stream(prompt, options)) std::cout << piece << std::flush;

    int pieces = 0;
    const wnn_finish finish = context.generate(
        prompt, [&](std::string_view) { return ++pieces == 3 ? wasi_nn::Flow::stop : wasi_nn::Flow::go_on; },
        options);
    std::cout << "\npieces=" << pieces << " cancelled=" << (finish == WNN_CANCELLED) << "\n";
    std::cout << context.complete(prompt, options) << "\n";
}
