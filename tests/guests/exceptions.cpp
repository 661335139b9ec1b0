// exceptions [uncaught]: thrown by the guest, by the library and by the SDK, and caught.
#include <cstdio>
#include <stdexcept>
#include <vector>
#include <wasi_nn.hpp>

static int divide(int a, int b) {
    if (b == 0) throw std::domain_error("division by zero"); // line 8
    return a / b;
}

int main(int argc, char **) {
    try {
        divide(1, 0);
    } catch (const std::exception &error) {
        std::printf("caught: %s\n", error.what());
    }
    try {
        std::printf("%d\n", std::vector<int>{1, 2}.at(2));
    } catch (const std::out_of_range &) {
        std::puts("caught: out of range");
    }
    try {
        wasi_nn::Model model("no such model");
    } catch (const wasi_nn::Error &error) {
        std::printf("caught: %s\n", error.what());
    }
    std::fflush(stdout);
    if (argc > 1) divide(2, 0);
}
