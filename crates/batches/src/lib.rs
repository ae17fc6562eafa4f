//! Images in memory become batches on a device, in the same order and with the same augmentation every time.
//!
//! A recorded result is worth something when it can be run again. The order of an epoch, the augmentation of an image
//! and the key of a step's dropout are functions of (seed, epoch, index), never of timing, of the batch size or of the
//! number of threads; see [`TrainLoader`].

mod assembly;
mod batch;
mod loader;
mod order;

pub use batch::{Batch, images_to_tensor};
pub use loader::{EvaluationLoader, TrainLoader};
pub use order::epoch_order;
