//! A text as it is generated, piece by piece.

use crate::error::Result;
use crate::text::{end_marker, find, whole};
use crate::{Context, Options};

/// Why a text ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Finish {
    /// It goes on.
    Running,
    /// The model ended it.
    End,
    /// A stop text was about to appear.
    Stop,
    /// As many tokens as asked for.
    Length,
    /// The context has no room for another token.
    ContextFull,
    /// The guest ended it.
    Cancelled,
    Failed,
}

/// How far a generation is.
#[derive(Debug)]
pub(crate) struct Progress {
    pub text: Vec<u8>,
    pub tokens: usize,
    pub finish: Finish,
    pub options: Options,
    pub in_session: bool,
    delivered: usize,
}

impl Default for Progress {
    fn default() -> Self {
        Self {
            text: Vec::new(),
            tokens: 0,
            finish: Finish::End,
            options: Options::default(),
            in_session: false,
            delivered: 0,
        }
    }
}

impl Progress {
    pub fn restart(&mut self, options: Options) {
        self.text.clear();
        self.tokens = 0;
        self.finish = Finish::Failed;
        self.options = options;
        self.delivered = 0;
    }

    /// One more token is in the text; `finish` is what the host said of it.
    pub fn took_token(&mut self, finish: Finish) {
        self.finish = finish;
        self.tokens += 1;
        if self.cut_at_stop() {
            self.finish = Finish::Stop;
        } else if finish == Finish::Running && self.tokens == self.options.max_tokens {
            self.finish = Finish::Length;
        }
    }

    /// Take a whole text; what it was cut at: a stop text, or the model's own end marker.
    pub fn take_whole(&mut self, text: Vec<u8>) -> Option<Finish> {
        self.text = text;
        let mut cut = None;
        if self.cut_at_stop() {
            cut = Some(Finish::Stop);
        } else if let Some(length) = end_marker(&self.text) {
            self.text.truncate(self.text.len() - length);
            cut = Some(Finish::End);
        }
        if !self.options.raw_bytes {
            self.text.truncate(whole(&self.text));
        }
        self.delivered = self.text.len();
        cut
    }

    /// What can be handed out now.
    fn piece(&mut self) -> Option<&[u8]> {
        let running = self.finish == Finish::Running;
        let mut limit = self.text.len();
        if running {
            limit = self.without_partial_stop();
        }
        if !self.options.raw_bytes {
            limit = whole(&self.text[..limit]);
        }
        if !running {
            self.text.truncate(limit);
        }
        let start = self.delivered.min(limit);
        self.delivered = self.delivered.max(limit);
        Some(&self.text[start..limit]).filter(|piece| !piece.is_empty())
    }

    fn cancel(&mut self) {
        if self.finish == Finish::Running {
            self.finish = Finish::Cancelled;
        }
        self.text.truncate(self.delivered);
    }

    /// End the text before the first stop text in it.
    fn cut_at_stop(&mut self) -> bool {
        let open = &self.text[self.delivered..];
        let stops = self.options.stop.iter().filter(|stop| !stop.is_empty());
        let first = stops.filter_map(|stop| find(open, stop.as_bytes())).min();
        if let Some(at) = first {
            self.text.truncate(self.delivered + at);
        }
        first.is_some()
    }

    /// How much of the text is there before a tail that may become a stop text.
    fn without_partial_stop(&self) -> usize {
        let open = &self.text[self.delivered..];
        let mut limit = open.len();
        for stop in self.options.stop.iter().map(String::as_bytes) {
            let longest = stop.len().saturating_sub(1).min(open.len());
            let tail = (1..=longest)
                .rev()
                .find(|length| open.ends_with(&stop[..*length]));
            limit = limit.min(open.len() - tail.unwrap_or(0));
        }
        self.delivered + limit
    }
}

/// The pieces of a text, as they are generated: each of one or more whole characters, most often
/// one token. Joined they are exactly [`Context::text`]. Dropping it ends the generation.
#[derive(Debug)]
pub struct Stream<'a> {
    context: &'a mut Context,
}

impl<'a> Stream<'a> {
    pub(crate) fn new(context: &'a mut Context) -> Self {
        Self { context }
    }

    /// The next piece as the bytes that it is; in a text they become U+FFFD where they are no UTF-8.
    pub fn next_bytes(&mut self) -> Option<Result<Vec<u8>>> {
        advance(self.context)
    }

    /// End the text after what has been handed out.
    pub fn cancel(&mut self) {
        self.context.progress.cancel();
    }

    /// Why the text ended, once it has.
    pub fn finish(&self) -> Finish {
        self.context.finish()
    }

    /// All that is to come, as one text.
    pub fn text(self) -> Result<String> {
        self.collect()
    }
}

impl Iterator for Stream<'_> {
    type Item = Result<String>;

    fn next(&mut self) -> Option<Self::Item> {
        let piece = advance(self.context)?;
        Some(piece.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))
    }
}

impl Drop for Stream<'_> {
    fn drop(&mut self) {
        self.cancel(); // does nothing to a text that has ended
    }
}

pub(crate) fn cancel(context: &mut Context) {
    context.progress.cancel();
}

pub(crate) fn advance(context: &mut Context) -> Option<Result<Vec<u8>>> {
    loop {
        if context.progress.finish == Finish::Running {
            if let Err(failure) = context.step() {
                context.progress.finish = Finish::Failed;
                return Some(Err(failure));
            }
        }
        if let Some(piece) = context.progress.piece() {
            return Some(Ok(piece.to_vec()));
        }
        if context.progress.finish != Finish::Running {
            return None;
        }
    }
}
