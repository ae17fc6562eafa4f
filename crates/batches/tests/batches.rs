//! Batches: which images they hold, and that they are functions of (seed, epoch, index).

use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::sync::Arc;

use batches::{Batch, EvaluationLoader, TrainLoader, epoch_order, images_to_tensor};
use burn::data::dataloader::DataLoader;
use burn::tensor::Device;
use kernels::in_awake_pool;
use mnist::{Augmentation, Digits, MEAN, PIXELS, STANDARD_DEVIATION};

const AUGMENTATION: Augmentation = Augmentation {
    translation_pixels: 2.0,
    rotation_degrees: 10.0,
    scaling: 0.1,
    shear_degrees: 5.0,
    elastic_pixels: 0.5,
};

/// Images that differ: the first two pixels count, the rest is a pattern. Labels repeat 0 to 9.
fn digits(count: usize) -> Arc<Digits> {
    let image = |index: usize| {
        let mut image: [u8; PIXELS] = std::array::from_fn(|at| (at * (index + 3) % 256) as u8);
        image[..2].copy_from_slice(&(index as u16).to_le_bytes());
        image
    };
    let labels = (0..count).map(|index| (index % 10) as u8).collect();
    Arc::new(Digits::new((0..count).map(image).collect(), labels).unwrap())
}

fn size(batch_size: usize) -> NonZeroUsize {
    NonZeroUsize::new(batch_size).unwrap()
}

fn train_loader(batch_size: usize, seed: u64, augmentation: Option<Augmentation>) -> TrainLoader {
    TrainLoader::new(
        digits(103),
        size(batch_size),
        seed,
        augmentation,
        Device::flex(),
    )
}

/// An image as it was handed out: bits of its values, so that comparing is exact, and its label.
type Handed = (Vec<u32>, i64);

fn handed(batch: Batch) -> Vec<Handed> {
    let [count, 1, 28, 28] = batch.images.dims() else {
        panic!("images of shape {:?}", batch.images.dims());
    };
    assert_eq!(batch.labels.dims(), [count]);
    let pixels: Vec<f32> = batch
        .images
        .into_data()
        .convert::<f32>()
        .try_to_vec()
        .unwrap();
    let labels: Vec<i64> = batch
        .labels
        .into_data()
        .convert::<i64>()
        .try_to_vec()
        .unwrap();
    let bits = pixels
        .chunks(PIXELS)
        .map(|image| image.iter().map(|value| value.to_bits()).collect());
    bits.zip(labels).collect()
}

/// All that the next pass over a loader hands out, in order.
fn pass(loader: &dyn DataLoader<Batch>) -> Vec<Handed> {
    loader
        .iter()
        .flat_map(|batch| handed(batch.unwrap()))
        .collect()
}

/// The images of an unaugmented pass by their index, from the two pixels that count.
fn indices(handed: &[Handed]) -> Vec<usize> {
    let byte = |bits: u32| {
        let pixel = (f32::from_bits(bits) * STANDARD_DEVIATION + MEAN) * 255.0;
        pixel.round() as usize
    };
    handed
        .iter()
        .map(|(bits, _)| byte(bits[0]) + 256 * byte(bits[1]))
        .collect()
}

#[test]
fn order_is_a_permutation_of_its_own_for_each_seed_and_epoch() {
    let order = epoch_order(7, 2, 1000);
    assert_eq!(order, epoch_order(7, 2, 1000));
    let sorted: BTreeSet<u32> = order.iter().copied().collect();
    assert!(order.len() == 1000 && sorted.into_iter().eq(0..1000));
    for other in [epoch_order(7, 3, 1000), epoch_order(8, 2, 1000)] {
        let kept = order
            .iter()
            .zip(&other)
            .filter(|(one, two)| one == two)
            .count();
        assert!(kept < 10, "{kept} of 1000 images at the same place");
    }
    assert_eq!(epoch_order(7, 2, 1), [0]);
    assert!(epoch_order(7, 2, 0).is_empty());
}

/// The first place is given to each of four images about equally often.
#[test]
fn order_is_uniform() {
    let mut counts = [0; 4];
    for epoch in 0..4000 {
        counts[epoch_order(1, epoch, 4)[0] as usize] += 1;
    }
    assert!(
        counts.iter().all(|count| (880..1120).contains(count)),
        "{counts:?}"
    );
}

/// Recorded results depend on this order: a change of it must be on purpose.
#[test]
fn order_is_what_it_was() {
    assert_eq!(epoch_order(1, 0, 10), [1, 4, 9, 8, 0, 5, 7, 6, 2, 3]);
}

#[test]
fn epoch_covers_every_image_once_in_the_promised_order() {
    let loader = train_loader(16, 5, None);
    assert_eq!(loader.num_items(), 103);
    for epoch in 0..2 {
        let handed = pass(&loader);
        let promised = epoch_order(5, epoch, 103);
        let promised: Vec<usize> = promised.into_iter().map(|index| index as usize).collect();
        assert_eq!(indices(&handed), promised);
        let labels_match = handed
            .iter()
            .zip(promised)
            .all(|((_, label), index)| *label == (index % 10) as i64);
        assert!(labels_match);
    }
}

#[test]
fn batches_have_their_size_and_progress_counts_items() {
    let loader = train_loader(50, 5, None);
    let mut iterator = loader.iter();
    let mut seen = Vec::new();
    while let Some(batch) = iterator.next() {
        let count = batch.unwrap().images.dims()[0];
        let progress = iterator.progress();
        assert_eq!(progress.unit.as_deref(), Some("items"));
        assert_eq!(progress.items_total, 103);
        seen.push((count, progress.items_processed));
    }
    assert_eq!(seen, [(50, 50), (50, 100), (3, 103)]);
    assert!(iterator.next().is_none());
}

#[test]
fn same_seed_gives_identical_batches() {
    let [one, two, other] = [5, 5, 6].map(|seed| train_loader(16, seed, Some(AUGMENTATION)));
    for _ in 0..2 {
        let handed = pass(&one);
        assert_eq!(handed, pass(&two));
        assert_ne!(handed, pass(&other));
    }
}

#[test]
fn augmentation_depends_on_seed_epoch_and_index_but_not_on_the_batch_size() {
    let [small, large] = [7, 64].map(|size| train_loader(size, 5, Some(AUGMENTATION)));
    let first = pass(&small);
    assert_eq!(first, pass(&large));
    let second = pass(&small);
    // No image comes back the same in the next epoch, and the plain images are none of them.
    let plain = pass(&train_loader(7, 5, None));
    let all: BTreeSet<&Handed> = first.iter().chain(&second).chain(&plain).collect();
    assert_eq!(all.len(), 3 * 103);
}

#[test]
fn copy_on_another_device_shares_the_epochs() {
    let loader = train_loader(16, 5, None);
    let reference = train_loader(16, 5, None);
    let copy = loader.to_device(&Device::flex().autodiff());
    assert_eq!(pass(&loader), pass(&reference));
    assert_eq!(pass(copy.as_ref()), pass(&reference));
    assert_eq!(pass(&loader), pass(&reference));

    let batch = copy.iter().next().unwrap().unwrap();
    assert!(batch.images.is_autodiff());
    let batch = loader.iter().next().unwrap().unwrap();
    assert!(!batch.images.is_autodiff());
}

#[test]
fn slices_cover_the_images_and_count_their_own_epochs() {
    let loader = train_loader(16, 5, None);
    let (front, back) = (loader.slice(0, 40), loader.slice(40, 1000));
    assert_eq!((front.num_items(), back.num_items()), (40, 63));
    for epoch in 0..2 {
        let (front, back) = (
            indices(&pass(front.as_ref())),
            indices(&pass(back.as_ref())),
        );
        let promised: Vec<usize> = epoch_order(5, epoch, 40)
            .iter()
            .map(|&index| index as usize)
            .collect();
        assert_eq!(front, promised);
        let covered: BTreeSet<usize> = front.into_iter().chain(back).collect();
        assert!(covered.into_iter().eq(0..103));
    }
    assert_eq!(back.slice(60, 63).num_items(), 3);
    assert_eq!(back.slice(70, 90).num_items(), 0);
    assert!(back.slice(70, 90).iter().next().is_none());
}

/// The slice has another order, but an image in it looks as it does in the whole.
#[test]
fn slice_keeps_the_augmentation_of_an_image() {
    let loader = train_loader(16, 5, Some(AUGMENTATION));
    let slice = loader.slice(40, 60);
    let whole: BTreeSet<Handed> = pass(&loader).into_iter().collect();
    let part = pass(slice.as_ref());
    assert_eq!(part.len(), 20);
    assert!(part.iter().all(|handed| whole.contains(handed)));
}

#[test]
fn evaluation_is_in_order_and_always_the_same() {
    let loader = EvaluationLoader::new(digits(103), size(25), Device::flex());
    assert_eq!(loader.num_items(), 103);
    let first = pass(&loader);
    assert!(indices(&first).into_iter().eq(0..103));
    assert_eq!(first, pass(&loader));
    let slice = loader.slice(10, 20).to_device(&Device::flex().autodiff());
    assert!(indices(&pass(slice.as_ref())).into_iter().eq(10..20));

    let mut iterator = loader.iter();
    let sizes: Vec<usize> = iterator
        .by_ref()
        .map(|batch| batch.unwrap().images.dims()[0])
        .collect();
    assert_eq!(sizes, [25, 25, 25, 25, 3]);
    assert_eq!(iterator.progress().items_processed, 103);
}

#[test]
fn pixels_are_normalised_and_keep_their_place() {
    let mut image = [0_u8; PIXELS];
    image[2 * 28 + 5] = 255;
    let tensor = images_to_tensor(&[[0; PIXELS], image], &Device::flex());
    assert_eq!(tensor.dims(), [2, 1, 28, 28]);
    let values: Vec<f32> = tensor.into_data().try_to_vec().unwrap();
    let lit = PIXELS + 2 * 28 + 5;
    for (index, value) in values.into_iter().enumerate() {
        let expected = if index == lit {
            (1.0 - 0.1307) / 0.3081
        } else {
            -0.1307 / 0.3081
        };
        assert!((value - expected).abs() < 1e-6, "{index}: {value}");
    }
    let bytes = images_to_tensor(&[image], &Device::flex()).into_data();
    assert_eq!(
        bytes,
        images_to_tensor(&[image.map(f32::from)], &Device::flex()).into_data()
    );
}

/// Runs `work` in a pool of so many threads, where the others have time for the next batch if they stay awake.
fn in_pool<Output: Send>(
    threads: usize,
    awake: bool,
    work: impl FnOnce() -> Output + Send,
) -> Output {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    pool.unwrap().install(|| match awake {
        true => in_awake_pool(1000, work),
        false => work(),
    })
}

#[test]
fn batches_are_the_same_whoever_makes_them_and_when() {
    let passes = |threads, awake| {
        in_pool(threads, awake, || {
            let train = train_loader(16, 5, Some(AUGMENTATION)).augmenting_for(1);
            let evaluation = EvaluationLoader::new(digits(103), size(25), Device::flex());
            [pass(&train), pass(&evaluation), pass(&train)]
        })
    };
    let expected = passes(1, false);
    for threads in [1, 2, 3] {
        for awake in [false, true] {
            assert_eq!(passes(threads, awake), expected);
        }
    }
}

/// Two passes at a time have one offer between them, and one that is not finished leaves nothing behind.
#[test]
fn a_pass_that_is_left_in_the_middle_does_not_change_another() {
    let expected = {
        let loader = train_loader(16, 5, Some(AUGMENTATION));
        [pass(&loader), pass(&loader)]
    };
    for threads in [1, 2, 3] {
        let found = in_pool(threads, true, || {
            let loader = train_loader(16, 5, Some(AUGMENTATION));
            let other = train_loader(7, 6, Some(AUGMENTATION));
            let mut first = Vec::new();
            let mut left = other.iter();
            for batch in loader.iter() {
                assert!(left.next().unwrap().is_ok());
                first.extend(handed(batch.unwrap()));
            }
            drop(left);
            [first, pass(&loader)]
        });
        assert_eq!(found, expected);
    }
}

#[test]
fn bytes_are_normalised_as_other_numbers_are() {
    let mut image = [0_u8; PIXELS];
    image[..256].copy_from_slice(&std::array::from_fn::<u8, 256, _>(|byte| byte as u8));
    let digits = Arc::new(Digits::new(vec![image], vec![0]).unwrap());
    let loader = EvaluationLoader::new(digits, size(1), Device::flex());
    let (bits, _) = pass(&loader).remove(0);
    let numbers = images_to_tensor(&[image.map(f32::from)], &Device::flex());
    let numbers: Vec<f32> = numbers.into_data().try_to_vec().unwrap();
    assert!(bits.into_iter().eq(numbers.into_iter().map(f32::to_bits)));
}
