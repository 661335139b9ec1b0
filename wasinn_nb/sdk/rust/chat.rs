//! Conversations. The whole dialogue goes to the host with every turn. A host that lists the model's
//! own template in its metadata renders the messages; for any other the guest renders them in the
//! style it names.

use crate::error::Result;
use crate::json::{quote, Value};
use crate::stream::{advance, cancel};
use crate::{Context, Options};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    System,
    User,
    Assistant,
}

impl Role {
    fn name(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::User => "user",
            Self::Assistant => "assistant",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    pub role: Role,
    pub content: String,
}

/// How models were taught to read a dialogue. Used where the host does not render the model's own
/// template.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Style {
    Plain,
    #[default]
    ChatMl,
    Llama2,
    Llama3,
    Gemma,
    Phi3,
    Zephyr,
    Mistral,
}

/// What goes before and after a message of each role, and the text that begins a foreign turn.
struct Words {
    before: [&'static str; 3],
    after: [&'static str; 3],
    stop: &'static str,
    /// The system message stands inside the first user message.
    system_in_user: bool,
}

impl Style {
    fn words(self) -> Words {
        let (before, after, stop, system_in_user) = match self {
            Self::Plain => (
                ["", "User: ", "Assistant:"],
                ["\n\n", "\n", "\n"],
                "\nUser:",
                false,
            ),
            Self::ChatMl => (
                [
                    "<|im_start|>system\n",
                    "<|im_start|>user\n",
                    "<|im_start|>assistant\n",
                ],
                ["<|im_end|>\n"; 3],
                "<|im_end|>",
                false,
            ),
            Self::Llama2 => (
                ["<<SYS>>\n", "[INST] ", ""],
                ["\n<</SYS>>\n\n", " [/INST]", " </s><s>"],
                "[INST]",
                true,
            ),
            Self::Llama3 => (
                [
                    "<|start_header_id|>system<|end_header_id|>\n\n",
                    "<|start_header_id|>user<|end_header_id|>\n\n",
                    "<|start_header_id|>assistant<|end_header_id|>\n\n",
                ],
                ["<|eot_id|>"; 3],
                "<|eot_id|>",
                false,
            ),
            Self::Gemma => (
                ["", "<start_of_turn>user\n", "<start_of_turn>model\n"],
                ["\n\n", "<end_of_turn>\n", "<end_of_turn>\n"],
                "<end_of_turn>",
                true,
            ),
            Self::Phi3 => (
                ["<|system|>\n", "<|user|>\n", "<|assistant|>\n"],
                ["<|end|>\n"; 3],
                "<|end|>",
                false,
            ),
            Self::Zephyr => (
                ["<|system|>\n", "<|user|>\n", "<|assistant|>\n"],
                ["</s>\n"; 3],
                "<|user|>",
                false,
            ),
            Self::Mistral => (
                ["", "[INST] ", ""],
                ["\n\n", " [/INST]", "</s>"],
                "[INST]",
                true,
            ),
        };
        Words {
            before,
            after,
            stop,
            system_in_user,
        }
    }
}

/// A dialogue.
///
///     let mut chat = model.chat(Style::ChatMl, Some("You tell short stories."))?;
///     for piece in chat.say("Hello!", ())? {
///         print!("{}", piece?);
///     }
#[derive(Debug)]
pub struct Chat {
    context: Context,
    style: Style,
    messages: Vec<Message>,
    host_renders: Option<bool>,
    in_turn: bool,
}

impl Chat {
    /// A conversation in `context`. `system` says how the model should behave.
    pub fn new(context: Context, style: Style, system: Option<&str>) -> Self {
        let mut chat = Self {
            context,
            style,
            messages: Vec::new(),
            host_renders: None,
            in_turn: false,
        };
        if let Some(words) = system {
            chat.add(Role::System, words);
        }
        chat
    }

    pub fn context(&mut self) -> &mut Context {
        &mut self.context
    }

    /// The dialogue so far.
    pub fn messages(&self) -> &[Message] {
        &self.messages
    }

    /// Append a message, e.g. of an earlier dialogue.
    pub fn add(&mut self, role: Role, content: impl Into<String>) {
        let content = content.into();
        self.messages.push(Message { role, content });
    }

    /// Keep the first `count` messages.
    pub fn truncate(&mut self, count: usize) {
        self.messages.truncate(count);
    }

    /// Start anew, with the system message if there was one.
    pub fn reset(&mut self) {
        let system = self
            .messages
            .first()
            .map_or(false, |first| first.role == Role::System);
        self.truncate(usize::from(system));
    }

    /// One turn: the pieces of the answer. A turn that fails leaves the dialogue as it was.
    pub fn say(&mut self, message: &str, options: impl Into<Options>) -> Result<Turn<'_>> {
        self.finish_turn();
        self.context.end();
        self.give(message, options.into())?;
        Ok(Turn { chat: self })
    }

    /// One turn with one call of the host: the answer.
    pub fn ask(&mut self, message: &str, options: impl Into<Options>) -> Result<String> {
        self.finish_turn();
        self.give(message, options.into())?;
        self.in_turn = false;
        if let Err(failure) = self.context.compute_text() {
            self.messages.pop();
            return Err(failure);
        }
        let answer = self.context.text();
        self.add(Role::Assistant, answer.clone());
        Ok(answer)
    }

    fn advance(&mut self) -> Option<Result<Vec<u8>>> {
        let piece = advance(&mut self.context);
        match &piece {
            Some(Err(_)) if self.in_turn => {
                self.in_turn = false;
                self.messages.pop();
            }
            None => self.finish_turn(),
            _ => {}
        }
        piece
    }

    fn finish_turn(&mut self) {
        if self.in_turn {
            self.in_turn = false;
            cancel(&mut self.context); // does nothing to a text that has ended
            let answer = self.context.text();
            self.add(Role::Assistant, answer);
        }
    }

    /// Add the user's message and give the dialogue to the host.
    fn give(&mut self, message: &str, mut options: Options) -> Result<()> {
        let host_renders = self.ask_host()?;
        self.add(Role::User, message);
        if !host_renders {
            options.stop.insert(0, self.style.words().stop.into());
        }
        let prompt = if host_renders {
            self.as_json()
        } else {
            self.as_text()
        };
        if let Err(failure) = self.context.give(&prompt, options, host_renders) {
            self.messages.pop();
            return Err(failure);
        }
        self.in_turn = true;
        Ok(())
    }

    /// Whether the host renders messages with the model's own template.
    fn ask_host(&mut self) -> Result<bool> {
        if let Some(known) = self.host_renders {
            return Ok(known);
        }
        let metadata = self.context.metadata()?;
        let template = metadata.get("chat_template").and_then(Value::as_str);
        let renders = template.map_or(false, |text| !text.is_empty());
        self.host_renders = Some(renders);
        Ok(renders)
    }

    fn as_json(&self) -> String {
        let mut out = String::from("[");
        for (i, message) in self.messages.iter().enumerate() {
            out.push_str(if i == 0 {
                "{\"role\": \""
            } else {
                ", {\"role\": \""
            });
            out.push_str(message.role.name());
            out.push_str("\", \"content\": ");
            quote(&mut out, &message.content);
            out.push('}');
        }
        out.push(']');
        out
    }

    fn as_text(&self) -> String {
        let words = self.style.words();
        let mut out = String::new();
        let mut opened = false; // the user message that holds the system message has begun
        for message in &self.messages {
            let opens = words.system_in_user && message.role == Role::System;
            if opens {
                out.push_str(words.before[Role::User as usize]);
            }
            if !(opened && message.role == Role::User) {
                out.push_str(words.before[message.role as usize]);
            }
            out.push_str(&message.content);
            out.push_str(words.after[message.role as usize]);
            opened = opens;
        }
        out.push_str(words.before[Role::Assistant as usize]);
        out
    }
}

/// The pieces of an answer. When it is complete, or this is dropped, the answer joins the dialogue.
#[derive(Debug)]
pub struct Turn<'a> {
    chat: &'a mut Chat,
}

impl Turn<'_> {
    /// The next piece as the bytes that it is.
    pub fn next_bytes(&mut self) -> Option<Result<Vec<u8>>> {
        self.chat.advance()
    }

    /// End the answer after what has been handed out.
    pub fn cancel(&mut self) {
        cancel(&mut self.chat.context);
    }

    /// All that is to come, as one text.
    pub fn text(self) -> Result<String> {
        self.collect()
    }
}

impl Iterator for Turn<'_> {
    type Item = Result<String>;

    fn next(&mut self) -> Option<Self::Item> {
        let piece = self.chat.advance()?;
        Some(piece.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.chat.finish_turn();
    }
}
