/** What a guest that is inserted is asked to go on with: the text that is to be changed first. */
export const PROMPT = "Once upon a time";
