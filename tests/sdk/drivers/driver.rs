//! One operation of the SDK, told by environment variables, its outcome as lines: see test_llm.py.
use std::env::{args, var};
use wasi_nn::{Chat, Failure, Finish, Model, Options, Style};

const STYLES: [Style; 8] = [
    Style::Plain,
    Style::ChatMl,
    Style::Llama2,
    Style::Llama3,
    Style::Gemma,
    Style::Phi3,
    Style::Zephyr,
    Style::Mistral,
];

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{:02x}", byte)).collect()
}

fn ending(finish: Finish) -> &'static str {
    match finish {
        Finish::Running => "running",
        Finish::End => "end",
        Finish::Stop => "stop",
        Finish::Length => "length",
        Finish::ContextFull => "context_full",
        Finish::Cancelled => "cancelled",
        Finish::Failed => "failed",
    }
}

/// Pieces as lines, until as many as `CANCEL` says have been shown.
struct Show(i32);

impl Show {
    fn all(
        &mut self,
        mut next: impl FnMut() -> Option<wasi_nn::Result<Vec<u8>>>,
    ) -> Result<(), Failure> {
        while let Some(piece) = next() {
            println!("piece {}", hex(&piece?));
            self.0 -= 1;
            if self.0 == 0 {
                break;
            }
        }
        Ok(())
    }
}

fn main() -> wasi_nn::Result<()> {
    let op = var("OP").unwrap_or_else(|_| "stream".into());
    let options = Options {
        max_tokens: var("MAX").map_or(0, |text| text.parse().unwrap()),
        stop: var("STOP").into_iter().collect(),
        raw_bytes: var("RAW").is_ok(),
    };
    let style = STYLES[var("STYLE").map_or(1, |text| text.parse().unwrap())];
    let name = var("MODEL").unwrap_or_else(|_| "default".into());
    let model = match Model::load(&name) {
        Ok(model) => model,
        Err(failure) => {
            println!("error {}", failure);
            return Ok(());
        }
    };
    let mut show = Show(var("CANCEL").map_or(-1, |text| text.parse().unwrap()));
    let mut chat = Chat::new(model.open()?, style, var("SYSTEM").ok().as_deref());
    for prompt in args().skip(1) {
        let done = match op.as_str() {
            "stream" => chat
                .context()
                .generate(&prompt, &options)
                .and_then(|mut stream| show.all(|| stream.next_bytes())),
            "complete" => chat.context().complete(&prompt, &options).map(drop),
            "chat" => chat
                .say(&prompt, &options)
                .and_then(|mut turn| show.all(|| turn.next_bytes())),
            "ask" => chat.ask(&prompt, &options).map(drop),
            _ => {
                for number in chat.context().embed(&prompt)? {
                    println!("{}", number);
                }
                return Ok(());
            }
        };
        let context = chat.context();
        match done {
            Ok(()) => println!("end {} {}", ending(context.finish()), hex(context.bytes())),
            Err(failure) => println!("error {}", failure),
        }
    }
    Ok(())
}
