// What can go wrong. AssemblyScript has no exceptions that a program could catch: what throws ends
// the program, and so there are two of each call. `load` throws; `tryLoad` says whether it worked.

/** The number of an error. */
export enum Code {
  Success = 0,
  InvalidArgument = 1,
  InvalidEncoding = 2,
  MissingMemory = 3,
  Busy = 4,
  RuntimeError = 5,
  UnsupportedOperation = 6,
  TooLarge = 7,
  NotFound = 8,
  EndOfSequence = 100,
  ContextFull = 101,
  PromptTooLong = 102,
  ModelNotFound = 103,
}

/** The words for a number. */
export function describeCode(code: Code): string {
  switch (code) {
    case Code.Success: return "success";
    case Code.InvalidArgument: return "invalid argument";
    case Code.InvalidEncoding: return "invalid encoding";
    case Code.MissingMemory: return "missing memory";
    case Code.Busy: return "busy";
    case Code.RuntimeError: return "runtime error";
    case Code.UnsupportedOperation: return "unsupported operation";
    case Code.TooLarge: return "too large";
    case Code.NotFound: return "not found";
    case Code.EndOfSequence: return "end of sequence";
    case Code.ContextFull: return "context full";
    case Code.PromptTooLong: return "prompt too long";
    case Code.ModelNotFound: return "model file not found";
    default: return "unknown error";
  }
}

let code: Code = Code.Success;
let doing: string = "";

/** The number of the last call that failed. */
export function lastCode(): Code {
  return code;
}

/** What failed last, as a line: what was being done, what went wrong, and its number. */
export function lastError(): string {
  if (code == Code.Success) return "";
  return `${doing}: ${describeCode(code)} (error ${(code as i32).toString()})`;
}

/** Remember a failure; hands the number on. */
export function note(number: i32, what: string): Code {
  if (number != 0) {
    code = number as Code;
    doing = what;
  }
  return number as Code;
}

/** End the program if a call has failed. */
export function check(number: Code): void {
  if (number != Code.Success) throw new Error(lastError());
}
