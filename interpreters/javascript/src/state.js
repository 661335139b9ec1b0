// What all parts know of the run that goes on.
export const state = {
  /** Handles of the host end with the run that got them; this tells runs apart. */
  generation: 0,
};
