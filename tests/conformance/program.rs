//! The conformance program in Rust; README.md says what each line is.
use wasi_nn::{
    BackendError, Chat, Config, Context, ExecutionTarget, Failure, Finish, GraphEncoding, Model,
    Options, Result, Style,
};

const PROMPT: &str = "Once upon a time";
const COUNTING: &str = r#"{"grammar": "root ::= \"One, two, 你好.\""}"#;
const YES: &str = r#"{"grammar": "root ::= \"Yes.\""}"#;
const NO_SUCH_HANDLE: u32 = 0x7FFF_FFFF;
const SHAPE: [u32; 4] = [2, 1, 8, 8];

// ---- common names

fn code(error: BackendError) -> &'static str {
    match error {
        BackendError::ModelNotFound => BackendError::NotFound.name(),
        other => other.name(),
    }
}

fn ending(finish: Finish) -> &'static str {
    match finish {
        Finish::End => "end of sequence",
        Finish::Stop => "stop",
        Finish::Length => "length",
        Finish::ContextFull => "context full",
        _ => "failed",
    }
}

fn says<T>(line: &str, outcome: Result<T>) {
    match outcome {
        Ok(_) => println!("{}: success", line),
        Err(failure) => println!("{}: {}", line, code(failure.code())),
    }
}

fn says_errno(line: &str, errno: i32) {
    says(
        line,
        if errno == 0 {
            Ok(())
        } else {
            Err(Failure::from(BackendError::from(errno)))
        },
    );
}

fn tells(line: &str, context: &Context) {
    println!(
        "{}: [{}], {}",
        line,
        context.text(),
        ending(context.finish())
    );
}

/// Generate token by token to the end.
fn run(context: &mut Context, prompt: &str, options: Options) -> Result<String> {
    context.generate(prompt, options)?.text()
}

// ---- sections

fn load() -> Result<(Model, Context)> {
    let model = Model::load_with(
        "text",
        Config::default().set("ctx-size", 256).set("temp", 0),
    )?;
    let context = model.open()?;
    Ok((model, context))
}

fn describe(context: &Context) -> Result<()> {
    println!("== model");
    let description = context.describe()?;
    println!("architecture: {}", description.architecture);
    println!("context length: {}", description.context_length);
    println!("embedding length: {}", description.embedding_length);
    Ok(())
}

fn generate(context: &mut Context) -> Result<()> {
    println!("== text");
    run(context, PROMPT, Options::default().max_tokens(8))?;
    println!("prompt: {} tokens", context.usage()?.input_tokens);
    println!(
        "limit: {} tokens, {}",
        context.tokens(),
        ending(context.finish())
    );

    context.configure(COUNTING)?;
    context.complete(PROMPT, ())?;
    tells("whole", context);
    let mut pieces = String::new();
    for piece in context.generate(PROMPT, ())? {
        pieces += &piece?;
    }
    let same = if pieces == "One, two, 你好." {
        "the same"
    } else {
        "others"
    };
    println!("pieces: {}, {}", same, ending(context.finish()));
    run(context, PROMPT, Options::default().stop("two"))?;
    tells("stop", context);

    context.configure(
        Config::default()
            .text("grammar", "")
            .set("ignore-eos", true),
    )?;
    run(context, PROMPT, Options::default())?;
    println!(
        "room: {} tokens, {}",
        context.tokens(),
        ending(context.finish())
    );
    context.configure(Config::default().set("ignore-eos", false))?;

    says(
        "long prompt",
        run(context, &" the".repeat(300), Options::default()),
    );
    context.configure(COUNTING)?;
    run(context, PROMPT, Options::default())?;
    tells("after it", context);
    Ok(())
}

fn chat(model: &Model) -> Result<()> {
    println!("== chat");
    let mut context = model.open()?;
    context.configure(YES)?;
    let mut chat = Chat::new(context, Style::Plain, Some("Be brief."));
    chat.say("Is it day?", ())?.text()?;
    tells("first", chat.context());
    let answer = chat.say("Is it night?", ())?.text()?;
    let tokens = chat.context().usage()?.input_tokens;
    println!("second: [{}], {} prompt tokens", answer, tokens);
    Ok(())
}

fn dot(a: &[f32], b: &[f32]) -> f64 {
    a.iter()
        .zip(b)
        .map(|(x, y)| f64::from(*x) * f64::from(*y))
        .sum()
}

fn embed(model: &Model) -> Result<()> {
    println!("== embedding");
    let mut context = model.open()?;
    context.configure(Config::default().set("embedding", true))?;
    let cat = context.embed("A cat sat on the mat.")?;
    let ship = context.embed("A ship left the port.")?;
    let again = context.embed("A cat sat on the mat.")?;
    println!("length: {}", cat.len());
    println!("norm: {:.3}", dot(&cat, &cat).sqrt());
    println!("same text: {:.3}", dot(&cat, &again));
    println!(
        "other text: {}",
        if dot(&cat, &ship) < 0.999 {
            "less than 1"
        } else {
            "1"
        }
    );
    Ok(())
}

/// A bar, and a ring.
fn draw() -> Vec<f32> {
    let mut pixels = [[[0.0; 8]; 8]; 2];
    for y in 1..7 {
        for x in [3, 4] {
            pixels[0][y][x] = 1.0;
        }
        for x in [2, 5] {
            pixels[1][y][x] = 1.0;
        }
    }
    for x in 2..6 {
        for y in [0, 7] {
            pixels[1][y][x] = 1.0;
        }
    }
    pixels.concat().concat()
}

fn classify(line: &str, context: &mut Context) -> Result<()> {
    context.compute()?;
    let scores: Vec<f32> = context.get(0)?;
    let best: Vec<String> = scores
        .chunks(10)
        .map(|row| wasi_nn::math::top_k(row, 1)[0].0.to_string())
        .collect();
    println!("{}: {}", line, best.join(" "));
    Ok(())
}

fn tensors(context: &mut Context) -> Result<()> {
    println!("== tensors");
    context.set(0, &draw(), &SHAPE)?;
    classify("digits", context)?;
    says("wrong shape", context.set(0, &draw(), &[2, 64]));
    says("wrong type", context.set(0, &[0u8; 128], &SHAPE));
    says("no such input", context.set(7, &draw(), &SHAPE));
    classify("after them", context)
}

fn errors(context: &mut Context) {
    println!("== errors");
    says("unknown name", Model::load("nobody"));
    says("file gone", Model::load("gone"));
    says("no model", Model::load("broken"));
    says("unreadable", Model::load("unreadable"));
    says(
        "other settings",
        Model::load_with("busy", Config::default().set("use-mmap", false)),
    );
    let far_too_large = Config::default().set("ctx-size", 134_217_728);
    says("far too large", Model::load_with("crowded", far_too_large));
    says("bad value", context.configure(r#"{"top-k": "many"}"#));
    says(
        "bad grammar",
        context.configure(r#"{"grammar": "root = nothing"}"#),
    );
    says(
        "not in this host",
        context.configure(r#"{"image": "eyes.png"}"#),
    );
}

fn memory(context: &mut Context, text: &Model, digits: &Model) -> Result<()> {
    println!("== memory");
    says("no JSON", context.configure("nonsense"));
    let mut made = 0;
    says_errno("no such graph", unsafe {
        wasi_nn::raw::init_execution_context(NO_SUCH_HANDLE, &mut made)
    });
    says_errno("no such context", unsafe {
        wasi_nn::raw::compute(NO_SUCH_HANDLE)
    });

    let mut second = text.open()?;
    says("compute before input", second.compute());
    second.close()?;

    let mut second = digits.open()?;
    second.set(0, &draw(), &SHAPE)?;
    second.compute()?;
    says("no such output", second.get::<f32>(7));
    let (mut scores, mut size) = ([0u8; 4], 0);
    says_errno("small buffer", unsafe {
        wasi_nn::raw::get_output(second.id(), 0, scores.as_mut_ptr(), 4, &mut size)
    });
    let garbage = Model::from_bytes(
        &["no model at all"],
        GraphEncoding::Ggml,
        ExecutionTarget::CPU,
    );
    says("bytes of no model", garbage);
    let id = second.id();
    second.close()?;
    says_errno("finalized context", unsafe { wasi_nn::raw::compute(id) });
    Ok(())
}

fn main() -> Result<()> {
    let (text, mut context) = load()?;
    describe(&context)?;
    generate(&mut context)?;
    chat(&text)?;
    embed(&text)?;
    let digits = Model::load("digits")?;
    tensors(&mut digits.open()?)?;
    errors(&mut context);
    memory(&mut context, &text, &digits)?;

    println!("== unload");
    text.unload()?;
    println!("unload: done");
    says("generate", context.generate(PROMPT, ()));
    drop(context);
    let (_, mut context) = load()?;
    context.configure(COUNTING)?;
    run(&mut context, PROMPT, Options::default())?;
    tells("load again", &context);
    context.close()
}
