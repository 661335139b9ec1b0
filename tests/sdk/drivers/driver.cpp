// One operation of the SDK, told by environment variables, its outcome as lines: see test_llm.py.
#include <cstdio>
#include <cstdlib>
#include <wasi_nn.hpp>

static const char *const finishes[] = {"running", "end",  "stop",  "length",
                                       "context_full", "cancelled", "failed"};

static std::string setting(const char *name, const char *otherwise) {
    const char *value = std::getenv(name);
    return value ? value : otherwise;
}

static void hex(const char *word, std::string_view text) {
    std::printf("%s ", word);
    for (unsigned char byte : text) std::printf("%02x", byte);
    std::printf("\n");
}

int main(int argc, char **argv) {
    const std::string op = setting("OP", "stream");
    wasi_nn::Options options;
    options.max_tokens = static_cast<unsigned>(std::stoi(setting("MAX", "0")));
    options.raw_bytes = std::getenv("RAW") != nullptr;
    if (const char *stop = std::getenv("STOP")) options.stop.push_back(stop);
    int cancel_after = std::stoi(setting("CANCEL", "-1"));

    auto model = wasi_nn::Model::try_load(setting("MODEL", "default"));
    if (!model) {
        std::printf("error %s\n", model.error().what());
        return 0;
    }
    wasi_nn::Context opened(*model);
    wasi_nn::Context context(std::move(opened)); // only this one may free it
    wasi_nn::Chat chat(context, static_cast<wnn_style>(std::stoi(setting("STYLE", "1"))),
                       setting("SYSTEM", ""));
    auto show = [&](std::string_view piece) {
        hex("piece", piece);
        return --cancel_after == 0 ? wasi_nn::Flow::stop : wasi_nn::Flow::go_on;
    };
    for (int i = 1; i < argc; i++) {
        std::string text;
        if (op == "stream") {
            for (std::string_view piece : context.stream(argv[i], options)) {
                text += piece;
                if (show(piece) == wasi_nn::Flow::stop) break;
            }
        } else if (op == "complete") {
            auto whole = context.try_complete(argv[i], options);
            if (!whole) {
                std::printf("error %s\n", whole.error().what());
                continue;
            }
            text = *whole;
        } else if (op == "chat") {
            text = chat.say(argv[i], show, options);
        } else if (op == "embed") {
            for (float x : context.embed(argv[i])) std::printf("%.6g\n", static_cast<double>(x));
            continue;
        }
        hex((std::string("end ") + finishes[context.finish()]).c_str(), text);
    }
}
