//! Tests of the workspace as a whole: the rules of the ladder, its networks, and the command line of its steps.
