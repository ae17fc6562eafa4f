//! Reading files: the sound ones, and every way in which a file can be wrong.

mod broken;
mod made;
mod sound;
