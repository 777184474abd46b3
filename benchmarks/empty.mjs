// What the suite `start` subtracts: a process with nothing to do.
