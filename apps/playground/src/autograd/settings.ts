/** What the address of the page keeps. */

export const defaults = {
  program: 'mean',
  /** Which backward pass is on show, from 1 on, and how many of its steps have been made. */
  pass: 1,
  step: 0,
};
