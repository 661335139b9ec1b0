// The conformance program in C++; README.md says what each line is.
#include <cmath>
#include <cstdio>
#include <iostream>
#include <numeric>
#include <algorithm>
#include <wasi_nn.hpp>

using wasi_nn::Chat;
using wasi_nn::Config;
using wasi_nn::Context;
using wasi_nn::Model;
using wasi_nn::Options;

static const std::string PROMPT = "Once upon a time";
static const char *const COUNTING = R"(root ::= "One, two, 你好.")";
static const char *const YES = R"(root ::= "Yes.")";
static const wasi_nn::Shape SHAPE = {2, 1, 8, 8};
static constexpr std::uint32_t NO_SUCH_HANDLE = 0x7FFFFFFF;

// ---- common names -------------------------------------------------------------------------------

static const char *name(wasi_nn_errno error) {
    return wasi_nn_strerror(error == WASI_NN_MODEL_NOT_FOUND ? WASI_NN_NOT_FOUND : error);
}

static const char *ending(const Context &context) {
    switch (context.finish()) {
    case WNN_END: return "end of sequence";
    case WNN_STOP: return "stop";
    case WNN_LENGTH: return "length";
    case WNN_CONTEXT_FULL: return "context full";
    default: return "failed";
    }
}

// What a call is refused with.
template <class Call> static void says(const char *line, Call &&call) {
    try {
        call();
        std::cout << line << ": success\n";
    } catch (const wasi_nn::Error &error) {
        std::cout << line << ": " << name(error.code()) << "\n";
    }
}

static void tells(const char *line, const Context &context) {
    std::cout << line << ": [" << context.text() << "], " << ending(context) << "\n";
}

static void generate(Context &context, const std::string &prompt = PROMPT, Options options = {}) {
    context.generate(prompt, [](std::string_view) {}, std::move(options));
}

// ---- sections -----------------------------------------------------------------------------------

static Model load() { return Model("text", Config{}.set("ctx-size", 256).set("temp", 0)); }

static void describe(Context &context) {
    const wnn_description description = context.describe();
    std::cout << "== model\n"
              << "architecture: " << description.architecture << "\n"
              << "context length: " << description.context_length << "\n"
              << "embedding length: " << description.embedding_length << "\n";
}

static void text(Context &context) {
    std::string pieces, words;

    std::cout << "== text\n";
    generate(context, PROMPT, {.max_tokens = 8});
    std::cout << "prompt: " << context.usage().input_tokens << " tokens\n"
              << "limit: " << context.raw()->tokens << " tokens, " << ending(context) << "\n";

    context.configure(Config{}.set("grammar", COUNTING));
    context.complete(PROMPT);
    tells("whole", context);
    for (std::string_view piece : context.stream(PROMPT)) pieces += piece;
    std::cout << "pieces: " << (pieces == "One, two, 你好." ? "the same" : "others") << ", "
              << ending(context) << "\n";
    generate(context, PROMPT, {.stop = {"two"}});
    tells("stop", context);

    context.configure(Config{}.set("grammar", "").set("ignore-eos", true));
    generate(context);
    std::cout << "room: " << context.raw()->tokens << " tokens, " << ending(context) << "\n";
    context.configure(Config{}.set("ignore-eos", false));

    for (int i = 0; i < 300; i++) words += " the";
    says("long prompt", [&] { generate(context, words); });
    context.configure(Config{}.set("grammar", COUNTING));
    generate(context);
    tells("after it", context);
}

static void chat(const Model &model) {
    std::cout << "== chat\n";
    Context context(model);
    context.configure(Config{}.set("grammar", YES));
    Chat chat(context, WNN_PLAIN, "Be brief.");
    chat.say("Is it day?");
    tells("first", context);
    const std::string answer = chat.say("Is it night?");
    std::cout << "second: [" << answer << "], " << context.usage().input_tokens
              << " prompt tokens\n";
}

static double dot(const std::vector<float> &a, const std::vector<float> &b) {
    return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
}

static void embed(const Model &model) {
    std::cout << "== embedding\n";
    Context context(model);
    context.configure(Config{}.set("embedding", true));
    const auto cat = context.embed("A cat sat on the mat.");
    const auto ship = context.embed("A ship left the port.");
    const auto again = context.embed("A cat sat on the mat.");
    std::cout << "length: " << cat.size() << "\n";
    std::printf("norm: %.3f\n", std::sqrt(dot(cat, cat)));
    std::printf("same text: %.3f\n", dot(cat, again));
    std::cout << "other text: " << (dot(cat, ship) < 0.999 ? "less than 1" : "1") << "\n";
}

// A bar, and a ring.
static std::vector<float> drawn() {
    std::vector<float> pixels(2 * 64);
    float *const bar = pixels.data(), *const ring = bar + 64;
    for (int y = 1; y < 7; y++) bar[8 * y + 3] = bar[8 * y + 4] = 1;
    for (int x = 2; x < 6; x++) ring[x] = ring[8 * 7 + x] = 1;
    for (int y = 1; y < 7; y++) ring[8 * y + 2] = ring[8 * y + 5] = 1;
    return pixels;
}

static void classify(const char *line, Context &context) {
    context.compute();
    const auto scores = context.get<float>(0);
    const auto best = [](auto from) { return std::max_element(from, from + 10) - from; };
    std::cout << line << ": " << best(scores.begin()) << " " << best(scores.begin() + 10) << "\n";
}

static void tensors(Context &context) {
    const auto pixels = drawn();
    std::cout << "== tensors\n";
    context.set(0, pixels, SHAPE);
    classify("digits", context);
    says("wrong shape", [&] { context.set(0, pixels, {2, 64}); });
    says("wrong type", [&] { context.set(0, std::vector<std::uint8_t>(2 * 64), SHAPE); });
    says("no such input", [&] { context.set(7, pixels, SHAPE); });
    classify("after them", context);
}

static void errors(Context &context) {
    std::cout << "== errors\n";
    says("unknown name", [] { Model("nobody"); });
    says("file gone", [] { Model("gone"); });
    says("no model", [] { Model("broken"); });
    says("unreadable", [] { Model("unreadable"); });
    says("other settings", [] { Model("busy", Config{}.set("use-mmap", false)); });
    says("far too large", [] { Model("crowded", Config{}.set("ctx-size", 134217728)); });
    says("bad value", [&] { context.configure(Config{}.set("top-k", "many")); });
    says("bad grammar", [&] { context.configure(Config{}.set("grammar", "root = nothing")); });
    says("not in this host", [&] { context.configure(Config{}.set("image", "eyes.png")); });
}

static void memory(Context &context, const Model &model, Context &classifier) {
    const wasi_nn_builder garbage = {"no model at all", 15};
    const auto refused = [](const char *line, wasi_nn_errno error) {
        std::cout << line << ": " << name(error) << "\n";
    };
    wasi_nn_context second;
    wasi_nn_graph graph;
    float scores[20];
    std::uint32_t size;

    std::cout << "== memory\n";
    refused("no JSON", wnn_configure(context.raw(), "nonsense"));
    refused("no such graph", wasi_nn_init_execution_context(NO_SUCH_HANDLE, &second));
    refused("no such context", wasi_nn_compute(NO_SUCH_HANDLE));
    Context fresh(model);
    says("compute before input", [&] { fresh.compute(); });
    says("no such output", [&] { classifier.get<float>(7); });
    refused("small buffer", wasi_nn_get_output(classifier.handle(), 0, scores, 4, &size));
    refused("bytes of no model",
            wasi_nn_load(&garbage, 1, WASI_NN_ENCODING_GGML, WASI_NN_TARGET_CPU, &graph));
    second = classifier.handle();
    { const Context ended = std::move(classifier); }
    refused("finalized context", wasi_nn_compute(second));
}

static void run() {
    Model model = load();
    Context context(model);
    describe(context);
    text(context);
    chat(model);
    embed(model);
    Context classifier{Model("digits")};
    tensors(classifier);
    errors(context);
    memory(context, model, classifier);

    std::cout << "== unload\n";
    model.unload();
    std::cout << "unload: done\n";
    says("generate", [&] { generate(context); });
    model = load();
    context = Context(model);
    context.configure(Config{}.set("grammar", COUNTING));
    generate(context);
    tells("load again", context);
}

int main() {
    try {
        run();
    } catch (const std::exception &error) {
        std::cerr << error.what() << "\n";
        return 1;
    }
}
