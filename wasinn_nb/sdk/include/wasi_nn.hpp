// wasi_nn.hpp: wasi-nn for C++17 and later, header-only, over the C headers.
//
//     wasi_nn::Model model{"default"};
//     wasi_nn::Context context{model};
//     for (std::string_view piece : context.stream("Once upon a time")) std::cout << piece << std::flush;
//
//     wasi_nn::Context vision{wasi_nn::Model{"digits"}};
//     vision.set(0, pixels, {1, 1, 8, 8}); // a vector, array or span of floats
//     vision.compute();
//     std::vector<float> scores = vision.get<float>(0);
//
// wasi_nn_image.h, wasi_nn_math.h and wasi_nn_exchange.h are for C++ too, as they are.
//
// Failures. With exceptions, calls throw wasi_nn::Error. Without (-fno-exceptions), they write the
// message to standard error and abort. Code that wants to decide for itself uses the try_ forms,
// which return a Result in both worlds.
//
// A Model is a name for something that the host owns: copying it is free and its end unloads
// nothing, so that a model stays in memory from one guest to the next. unload() is explicit.
// A Context belongs to the guest: it can be moved, not copied, and its end frees it in the host.
#ifndef WASI_NN_HPP
#define WASI_NN_HPP

#include "wasi_nn_error.hpp"
#include "wasi_nn_llm.h"
#include "wasi_nn_tensor.hpp"

#include <iterator>
#include <string_view>

namespace wasi_nn {

// ---- settings -----------------------------------------------------------------------------------

// A JSON object of settings: Config{}.set("ctx-size", 2048).set("temp", 0.2)
class Config {
  public:
    Config() = default;
    Config(const Config &) = delete;
    Config &operator=(const Config &) = delete;
    Config(Config &&other) noexcept : config_(std::exchange(other.config_, wnn_config{})) {}
    ~Config() { wnn_config_free(&config_); }

    template <class T> Config &set(const char *key, const T &value) & {
        if constexpr (std::is_same_v<T, bool>)
            wnn_config_bool(&config_, key, value);
        else if constexpr (std::is_integral_v<T>)
            wnn_config_int(&config_, key, static_cast<long long>(value));
        else if constexpr (std::is_floating_point_v<T>)
            wnn_config_number(&config_, key, static_cast<double>(value));
        else
            wnn_config_text(&config_, key, std::string(value).c_str());
        return *this;
    }
    template <class T> Config &&set(const char *key, const T &value) && {
        set(key, value);
        return std::move(*this);
    }
    const char *json() const { return wnn_config_json(&config_); }

  private:
    wnn_config config_{};
};

// ---- models -------------------------------------------------------------------------------------

class Model {
  public:
    explicit Model(const std::string &name) { check(wnn_load(&model_, name.c_str())); }
    Model(const std::string &name, const Config &config) : Model(name, config.json()) {}
    Model(const std::string &name, const char *config_json) {
        check(wnn_load_with(&model_, name.c_str(), config_json));
    }
    static Result<Model> try_load(const std::string &name) {
        Model model;
        if (auto code = wnn_load(&model.model_, name.c_str())) return Error(code);
        return model;
    }
    static Result<Model> try_load(const std::string &name, const Config &config) {
        Model model;
        if (auto code = wnn_load_with(&model.model_, name.c_str(), config.json()))
            return Error(code);
        return model;
    }
    void unload() { check(wnn_unload(&model_)); }
    wasi_nn_graph handle() const { return model_.graph; }
    const wnn_model *raw() const { return &model_; }

  private:
    Model() = default;
    wnn_model model_{};
};

// ---- generation ---------------------------------------------------------------------------------

struct Options {
    unsigned max_tokens = 0;       // 0: until the model ends
    std::vector<std::string> stop; // texts that end the generation and are not part of it
    bool raw_bytes = false;        // pieces may split a UTF-8 character
};

enum class Flow { go_on, stop }; // what a callback may return; returning nothing goes on

namespace detail {

// Options in the form of the C layer, and the memory they point into.
class RawOptions {
  public:
    explicit RawOptions(Options options) : options_(std::move(options)) {
        for (const std::string &text : options_.stop) stops_.push_back(text.c_str());
        raw_ = {options_.max_tokens, stops_.data(), stops_.size(), options_.raw_bytes};
    }
    RawOptions(const RawOptions &) = delete;
    RawOptions &operator=(const RawOptions &) = delete;
    const wnn_options *get() const { return &raw_; }

  private:
    Options options_;
    std::vector<const char *> stops_;
    wnn_options raw_{};
};

} // namespace detail

// The pieces of a text while it is generated, for a range-for loop. Leaving the loop ends the
// generation. A piece is valid until the next one; the context must not be moved meanwhile.
class Stream {
  public:
    struct End {};
    class Iterator {
      public:
        explicit Iterator(wnn_context *context) : context_(context) { ++*this; }
        std::string_view operator*() const { return piece_; }
        Iterator &operator++() {
            const char *bytes = nullptr;
            size_t size = 0;
            more_ = wnn_next(context_, &bytes, &size);
            check(context_->status);
            piece_ = {bytes, size};
            return *this;
        }
        friend bool operator!=(const Iterator &i, End) { return i.more_; }
        friend bool operator==(const Iterator &i, End) { return !i.more_; }

      private:
        wnn_context *context_;
        std::string_view piece_;
        bool more_ = false;
    };

    Stream(wnn_context *context, std::string_view prompt, Options options)
        : context_(context), options_(std::move(options)) {
        check(wnn_start(context_, prompt.data(), prompt.size(), options_.get()));
    }
    Stream(wnn_chat *chat, std::string_view message, Options options)
        : context_(chat->context), chat_(chat), options_(std::move(options)) {
        check(wnn_chat_start(chat_, message.data(), message.size(), options_.get()));
    }
    Stream(const Stream &) = delete;
    Stream &operator=(const Stream &) = delete;
    ~Stream() {
        wnn_cancel(context_);
        if (chat_) wnn_chat_end(chat_);
    }
    Iterator begin() { return Iterator(context_); }
    End end() const { return {}; }

    // Hand every piece to a callback that returns nothing or a Flow; how the text ended.
    template <class Callback> wnn_finish each(Callback &&on_piece) {
        for (std::string_view piece : *this) {
            if constexpr (std::is_same_v<std::invoke_result_t<Callback &, std::string_view>, Flow>) {
                if (on_piece(piece) == Flow::stop) wnn_cancel(context_);
            } else {
                on_piece(piece);
            }
        }
        return context_->finish;
    }

  private:
    wnn_context *context_;
    wnn_chat *chat_ = nullptr;
    detail::RawOptions options_;
};

class Context {
  public:
    explicit Context(const Model &model) {
        check(wnn_open(&context_, model.raw()));
        open_ = true;
    }
    static Result<Context> try_open(const Model &model) {
        Context context;
        if (auto code = wnn_open(&context.context_, model.raw())) return Error(code);
        context.open_ = true;
        return context;
    }
    Context(Context &&other) noexcept
        : context_(std::exchange(other.context_, wnn_context{})),
          open_(std::exchange(other.open_, false)) {}
    Context &operator=(Context &&other) noexcept {
        std::swap(context_, other.context_);
        std::swap(open_, other.open_);
        return *this;
    }
    ~Context() {
        if (open_) wnn_close(&context_);
    }

    void configure(const Config &config) { check(wnn_configure(&context_, config.json())); }

    // Give input `index` of a model: a vector, array or span of f16, float, double, uint8_t, int32_t
    // or int64_t, as many as the shape says.
    template <class Values>
    void set(std::uint32_t index, const Values &values, const Shape &shape) {
        try_set(index, values, shape).value();
    }
    template <class Values>
    Result<void> try_set(std::uint32_t index, const Values &values, const Shape &shape) {
        return wasi_nn::try_set(handle(), index, std::data(values), std::size(values), shape);
    }
    // Run the model on its inputs.
    void compute() { check(wasi_nn_check(wasi_nn_compute(handle()), "computing")); }
    // Output `index` of the last run: context.get<float>(0).
    template <class T> std::vector<T> get(std::uint32_t index) { return try_get<T>(index).value(); }
    template <class T> Result<std::vector<T>> try_get(std::uint32_t index) {
        return wasi_nn::try_get<T>(handle(), index);
    }

    // Generate piece by piece: for (std::string_view piece : context.stream(prompt)) ...
    Stream stream(std::string_view prompt, Options options = {}) {
        return Stream(&context_, prompt, std::move(options));
    }
    // Generate with a callback per piece; how it ended.
    template <class Callback>
    wnn_finish generate(std::string_view prompt, Callback &&on_piece, Options options = {}) {
        return stream(prompt, std::move(options)).each(on_piece);
    }
    // Generate the whole text with one call of the host.
    std::string complete(std::string_view prompt, Options options = {}) {
        return try_complete(prompt, std::move(options)).value();
    }
    Result<std::string> try_complete(std::string_view prompt, Options options = {}) {
        const detail::RawOptions raw(std::move(options));
        if (wnn_prompt(&context_, prompt.data(), prompt.size(), raw.get(), 0) ||
            wnn_send_limits(&context_, raw.get()) || wnn_compute_text(&context_))
            return Error(context_.status);
        return std::string(text());
    }
    // The vector of a text, of a model loaded with Config{}.set("embedding", true).
    std::vector<float> embed(const std::string &text) {
        std::vector<float> vector(4096);
        size_t count = 0;
        wasi_nn_errno code = wnn_embed(&context_, text.c_str(), vector.data(), vector.size(), &count);
        if (code == WASI_NN_TOO_LARGE && count > vector.size()) {
            vector.resize(count);
            code = wnn_embed(&context_, text.c_str(), vector.data(), vector.size(), &count);
        }
        check(code);
        vector.resize(count);
        return vector;
    }

    wnn_finish finish() const { return context_.finish; } // how the last text ended
    std::string_view text() const { return {wnn_string_text(&context_.text), context_.text.size}; }
    wnn_usage usage() {
        wnn_usage usage{};
        check(wnn_get_usage(&context_, &usage));
        return usage;
    }
    // What the host knows of the model.
    wnn_description describe() {
        wnn_description description{};
        check(wnn_describe(&context_, &description));
        return description;
    }
    wasi_nn_context handle() const { return context_.id; }
    wnn_context *raw() { return &context_; }

  private:
    Context() = default;
    wnn_context context_{};
    bool open_ = false;
};

// ---- conversations ------------------------------------------------------------------------------

// A dialogue on a context, which must outlive it and stay where it is. The style is used when the
// host does not render the model's own template.
class Chat {
  public:
    explicit Chat(Context &context, wnn_style style = WNN_CHATML, const std::string &system = {}) {
        check(wnn_chat_init(&chat_, context.raw(), style, system.empty() ? nullptr : system.c_str()));
    }
    Chat(const Chat &) = delete;
    Chat &operator=(const Chat &) = delete;
    ~Chat() { wnn_chat_free(&chat_); }

    // One turn, piece by piece. The answer joins the dialogue when the Stream ends.
    Stream stream(std::string_view message, Options options = {}) {
        return Stream(&chat_, message, std::move(options));
    }
    // One turn with a callback per piece; the answer.
    template <class Callback>
    std::string say(std::string_view message, Callback &&on_piece, Options options = {}) {
        stream(message, std::move(options)).each(on_piece);
        return answer();
    }
    // One turn; the answer.
    std::string say(std::string_view message, Options options = {}) {
        return say(message, [](std::string_view) {}, std::move(options));
    }
    void add(wnn_role role, std::string_view text) {
        check(wnn_chat_add(&chat_, role, text.data(), text.size()));
    }
    void reset() { wnn_chat_reset(&chat_); }
    size_t size() const { return chat_.count; } // messages so far

  private:
    std::string answer() const {
        const wnn_string &text = chat_.context->text;
        return {wnn_string_text(&text), text.size};
    }
    wnn_chat chat_{};
};

} // namespace wasi_nn

#endif // WASI_NN_HPP
