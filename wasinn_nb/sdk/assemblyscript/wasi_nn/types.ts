// What is wanted of a text, and what is told of it and of its model.

/** Wishes for one generation. */
export class Options {
  constructor(
    /** How many tokens at most; 0: until the model ends. */
    public maxTokens: i32 = 0,
    /** Texts that end the generation and are not part of it. */
    public stop: string[] = [],
    /** Hand out tokens as they come, even if that splits a character. */
    public raw: bool = false,
  ) {}
}

/** Why a text ended. */
export enum Finish {
  Running,
  End,
  Stop,
  Length,
  ContextFull,
  Cancelled,
  Failed,
}

/** What the host knows of a model; 0 or "" where it does not say. */
export class Description {
  architecture: string = "";
  quantization: string = "";
  parameters: f64 = 0;
  contextLength: i32 = 0;
  layers: i32 = 0;
  vocabulary: i32 = 0;
  embeddingLength: i32 = 0;
}

/** The host's figures about the last run. */
export class Usage {
  inputTokens: i32 = 0;
  outputTokens: i32 = 0;
}
