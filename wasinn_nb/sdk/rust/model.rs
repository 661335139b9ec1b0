//! Models by name, and lines of work on them.

use crate::error::{check, refuse, BackendError, Failure, Result};
use crate::json::{self, Value};
use crate::stream::{Progress, Stream};
use crate::tensor::{self, Element};
use crate::{raw, Chat, Config, ExecutionTarget, Finish, GraphEncoding, Options, Style};

const TEXT_ROOM: usize = 128 << 10;

/// A model in the host's memory. It stays loaded when the guest ends, until [`Model::unload`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Model {
    graph: u32,
}

impl Model {
    /// The model that the host knows as `name`, with the host's settings.
    pub fn load(name: &str) -> Result<Self> {
        let mut graph = 0;
        let errno = unsafe { raw::load_by_name(name.as_ptr(), name.len() as u32, &mut graph) };
        check(errno, || format!("loading model {:?}", name))?;
        Ok(Self { graph })
    }

    /// The same with settings of the guest's own: a [`Config`] or JSON.
    pub fn load_with(name: &str, config: impl Into<Config>) -> Result<Self> {
        let config = config.into().to_json();
        let mut graph = 0;
        let errno = unsafe {
            raw::load_by_name_with_config(
                name.as_ptr(),
                name.len() as u32,
                config.as_ptr(),
                config.len() as u32,
                &mut graph,
            )
        };
        check(errno, || format!("loading model {:?}", name))?;
        Ok(Self { graph })
    }

    /// A model from its bytes.
    pub fn from_bytes<B: AsRef<[u8]>>(
        parts: &[B],
        encoding: GraphEncoding,
        target: ExecutionTarget,
    ) -> Result<Self> {
        let parts: Vec<raw::Builder> = parts
            .iter()
            .map(|part| raw::Builder {
                data: part.as_ref().as_ptr(),
                size: part.as_ref().len() as u32,
            })
            .collect();
        let mut graph = 0;
        let count = parts.len() as u32;
        let (encoding, target) = (encoding as u32, target as u32);
        let errno = unsafe { raw::load(parts.as_ptr(), count, encoding, target, &mut graph) };
        check(errno, || "loading a model from its bytes".into())?;
        Ok(Self { graph })
    }

    /// A line of work, with its own memory of what it has read and said.
    pub fn open(&self) -> Result<Context> {
        let mut id = 0;
        let errno = unsafe { raw::init_execution_context(self.graph, &mut id) };
        check(errno, || "opening a context".into())?;
        Ok(Context::new(id))
    }

    /// A conversation, in a context of its own.
    pub fn chat(&self, style: Style, system: Option<&str>) -> Result<Chat> {
        Ok(Chat::new(self.open()?, style, system))
    }

    /// Free the model's memory in the host. Its contexts are dead afterwards.
    pub fn unload(self) -> Result<()> {
        check(unsafe { raw::unload(self.graph) }, || {
            "unloading the model".into()
        })
    }

    /// The host's number for it.
    pub fn graph(&self) -> u32 {
        self.graph
    }
}

/// The host's figures about a run; None where it does not say.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Usage {
    pub input_tokens: u64,
    pub output_tokens: u64,
    pub prompt_tokens_cached: Option<u64>,
    pub time_to_first_token_ms: Option<f64>,
    pub tokens_per_second: Option<f64>,
}

/// What the host knows of a model: 0 and empty where it does not say.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Description {
    pub architecture: String,
    pub quantization: String,
    pub parameters: u64,
    /// Tokens that the model was trained to see at once.
    pub context_length: u64,
    pub embedding_length: u64,
    pub layers: u64,
    pub vocabulary: u64,
}

/// One line of work on a model. Dropping it frees it in the host.
#[derive(Debug)]
pub struct Context {
    id: u32,
    pub(crate) progress: Progress,
    limits_sent: bool,
    chat_mode: bool,
}

impl Context {
    fn new(id: u32) -> Self {
        Self {
            id,
            progress: Progress::default(),
            limits_sent: false,
            chat_mode: false,
        }
    }

    /// The host's number for it.
    pub fn id(&self) -> u32 {
        self.id
    }

    /// Change settings of this context's requests: a [`Config`] or JSON.
    pub fn configure(&mut self, config: impl Into<Config>) -> Result<()> {
        let config = config.into().to_json();
        let errno = raw::set_text(self.id, 1, config.as_bytes());
        check(errno, || "configuring the context".into())
    }

    /// Continue a text piece by piece: an iterator.
    pub fn generate(&mut self, prompt: &str, options: impl Into<Options>) -> Result<Stream<'_>> {
        self.end();
        self.give(prompt, options.into(), false)?;
        Ok(Stream::new(self))
    }

    /// Continue a text with one call of the host.
    pub fn complete(&mut self, prompt: &str, options: impl Into<Options>) -> Result<String> {
        self.give(prompt, options.into(), false)?;
        self.compute_text()?;
        Ok(self.text())
    }

    /// What has been generated since the last prompt.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.progress.text).into_owned()
    }

    /// The same as bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.progress.text
    }

    /// How many tokens the text took, when they came one by one.
    pub fn tokens(&self) -> usize {
        self.progress.tokens
    }

    /// Why the text ended.
    pub fn finish(&self) -> Finish {
        self.progress.finish
    }

    /// The vector of a text, of a model that is loaded or configured with `{"embedding": true}`.
    pub fn embed(&mut self, text: &str) -> Result<Vec<f32>> {
        check(raw::set_text(self.id, 0, text.as_bytes()), || {
            "embedding a text".into()
        })?;
        check(unsafe { raw::compute(self.id) }, || {
            "embedding a text".into()
        })?;
        let answer = self.output(0)?;
        let answer = json::parse(&String::from_utf8_lossy(&answer));
        let values = answer
            .as_ref()
            .and_then(|one| one.get("embedding"))
            .and_then(Value::as_array);
        let numbers = values.and_then(|values| {
            values
                .iter()
                .map(|one| one.as_f64().map(|number| number as f32))
                .collect()
        });
        let problem = "reading an embedding: is the setting \"embedding\" on?";
        numbers.ok_or_else(|| Failure::new(BackendError::RuntimeError, problem))
    }

    /// Give input `index` of a model: as many values as the shape says.
    pub fn set<T: Element>(&mut self, index: u32, values: &[T], shape: &[u32]) -> Result<()> {
        tensor::set(self.id, index, values, shape)
    }

    /// Run the model on its inputs.
    pub fn compute(&mut self) -> Result<()> {
        check(unsafe { raw::compute(self.id) }, || "computing".into())
    }

    /// Output `index` of the last run.
    pub fn get<T: Element>(&self, index: u32) -> Result<Vec<T>> {
        tensor::get(self.id, index)
    }

    /// The bytes of output `index` of the last run.
    pub fn output(&self, index: u32) -> Result<Vec<u8>> {
        let mut out = Vec::new();
        raw::read(raw::get_output, self.id, index, TEXT_ROOM, &mut out)?;
        Ok(out)
    }

    /// Figures about the last run. Ask before the next prompt.
    pub fn usage(&self) -> Result<Usage> {
        let metadata = self.metadata()?;
        let number = |name| metadata.get(name).and_then(Value::as_f64);
        Ok(Usage {
            input_tokens: number("input_tokens").unwrap_or(0.0) as u64,
            output_tokens: number("output_tokens").unwrap_or(0.0) as u64,
            prompt_tokens_cached: number("prompt_tokens_cached").map(|count| count as u64),
            time_to_first_token_ms: number("time_to_first_token_ms"),
            tokens_per_second: number("tokens_per_second"),
        })
    }

    /// What the host knows of the model.
    pub fn describe(&self) -> Result<Description> {
        let metadata = self.metadata()?;
        let number = |name| metadata.get(name).and_then(Value::as_f64).unwrap_or(0.0) as u64;
        let text = |name| {
            metadata
                .get(name)
                .and_then(Value::as_str)
                .unwrap_or_default()
                .into()
        };
        Ok(Description {
            architecture: text("architecture"),
            quantization: text("quantization"),
            parameters: number("parameters"),
            context_length: number("context_length"),
            embedding_length: number("embedding_length"),
            layers: number("layers"),
            vocabulary: number("vocabulary"),
        })
    }

    /// All that the host says of the model and of the last run, as it came.
    pub fn metadata(&self) -> Result<Value> {
        let text = self.output(1)?;
        Ok(json::parse(&String::from_utf8_lossy(&text)).unwrap_or(Value::Null))
    }

    /// End a token-by-token generation in the host. The text stays; the figures are reset.
    pub(crate) fn end(&mut self) {
        if self.progress.in_session {
            unsafe { raw::fini_single(self.id) };
            self.progress.in_session = false;
        }
    }

    /// Forget the last text and give the host a new prompt, as text or as JSON messages.
    pub(crate) fn give(&mut self, prompt: &str, options: Options, messages: bool) -> Result<()> {
        self.progress.restart(options);
        if self.chat_mode != messages {
            self.configure(Config::default().set("chat", messages))?;
            self.chat_mode = messages;
        }
        let errno = raw::set_text(self.id, 0, prompt.as_bytes());
        check(errno, || "giving the prompt".into())?;
        self.progress.finish = Finish::Running;
        Ok(())
    }

    /// Generate from the prompt that was given, with one call of the host.
    pub(crate) fn compute_text(&mut self) -> Result<()> {
        let done = self.compute_all();
        if done.is_err() {
            self.progress.finish = Finish::Failed;
        }
        done
    }

    fn compute_all(&mut self) -> Result<()> {
        self.send_limits()?;
        let errno = unsafe { raw::compute(self.id) };
        let mut finish = Finish::ContextFull;
        if errno != raw::CONTEXT_FULL {
            check(errno, || "generating".into())?;
            finish = Finish::End;
        }
        let text = self.output(0)?;
        let most = self.progress.options.max_tokens as u64;
        let cut = self.progress.take_whole(text);
        if cut == Some(Finish::Stop) {
            finish = Finish::Stop;
        } else if cut.is_none()
            && finish == Finish::End
            && most > 0
            && self.usage()?.output_tokens >= most
        {
            finish = Finish::Length;
        }
        self.progress.finish = finish;
        Ok(())
    }

    /// Tell the host the limits of a whole generation; take back earlier ones that no longer hold.
    fn send_limits(&mut self) -> Result<()> {
        let options = &self.progress.options;
        let wanted = options.max_tokens > 0 || !options.stop.is_empty();
        if !wanted && !self.limits_sent {
            return Ok(());
        }
        let stop = options.stop.first().map(String::as_str).unwrap_or_default();
        let mut config = Config::default().text("reverse-prompt", stop);
        if options.max_tokens > 0 {
            config = config.set("n-predict", options.max_tokens);
        } else if self.limits_sent {
            config = config.set("n-predict", -1);
        }
        self.configure(config)?;
        self.limits_sent = wanted;
        Ok(())
    }

    /// Generate one token into the text, and set why it ended if it is the last.
    pub(crate) fn step(&mut self) -> Result<()> {
        self.progress.in_session = true;
        let errno = unsafe { raw::compute_single(self.id) };
        let mut finish = Finish::Running;
        match errno {
            // its piece is the end marker, no text
            raw::END_OF_SEQUENCE => {
                self.progress.finish = Finish::End;
                return Ok(());
            }
            // this token still counts
            raw::CONTEXT_FULL => finish = Finish::ContextFull,
            _ => check(errno, || "generating".into())?,
        }
        raw::read(
            raw::get_output_single,
            self.id,
            0,
            1024,
            &mut self.progress.text,
        )?;
        self.progress.took_token(finish);
        Ok(())
    }

    /// Close it in the host, and learn whether that worked. Dropping does the same and says nothing.
    pub fn close(self) -> Result<()> {
        let errno = unsafe { raw::finalize_execution_context(self.id) };
        std::mem::forget(self);
        check(errno, || "closing the context".into())
    }
}

impl Drop for Context {
    fn drop(&mut self) {
        unsafe { raw::finalize_execution_context(self.id) };
    }
}

pub(crate) fn count(shape: &[u32]) -> u64 {
    // a 0 still makes it 0
    shape
        .iter()
        .fold(1, |all: u64, one| all.saturating_mul(u64::from(*one)))
}

pub(crate) fn refuse_count<T>(doing: &str, shape: &[u32], values: usize) -> Result<T> {
    refuse(format!("{} {:?} from {} values", doing, shape, values))
}
