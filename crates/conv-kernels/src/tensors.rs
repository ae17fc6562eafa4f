//! Between the tensors of Burn's CPU backends and plain memory, without copying where the memory allows it.

use std::borrow::Cow;
use std::mem::MaybeUninit;
use std::ops::Deref;

use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, Flex};
use burn::tensor::{DType, Shape, TensorData};
use burn_std::{AccessError, AccessPolicy, AllocationController, AllocationProperty, Bytes};

use kernels::{Buffer, Lanes};

/// A backend whose tensors are in the memory of this process.
pub(crate) trait Cpu: Backend {
    /// The values of a tensor of 32-bit floats, in the order of its dimensions.
    ///
    /// # Panics
    ///
    /// If the tensor holds anything else.
    fn values(tensor: &FloatTensor<Self>) -> Cow<'_, [f32]>;

    /// A tensor of `values`.
    fn from_values<const D: usize>(values: Vec<f32>, shape: [usize; D]) -> FloatTensor<Self> {
        Self::from_shaped(values, Shape::new(shape))
    }

    /// A tensor of `values`.
    fn from_shaped(values: Vec<f32>, shape: Shape) -> FloatTensor<Self> {
        Self::float_from_data(TensorData::new(values, shape), &Default::default())
    }

    /// A tensor of the values of `buffer`, which are as many as those of `shape`.
    fn from_buffer<const D: usize>(buffer: Buffer, shape: [usize; D]) -> FloatTensor<Self> {
        let data = TensorData::from_bytes(into_bytes(buffer), Shape::new(shape), DType::F32);
        Self::float_from_data(data, &Default::default())
    }
}

impl Cpu for Flex {
    fn values(tensor: &FloatTensor<Self>) -> Cow<'_, [f32]> {
        assert_eq!(
            tensor.dtype(),
            DType::F32,
            "the kernels compute with 32-bit floats"
        );
        match tensor.as_slice::<f32>() {
            Some(values) => Cow::Borrowed(values),
            None => {
                let contiguous = tensor.to_contiguous();
                let values = contiguous.as_slice::<f32>();
                Cow::Owned(values.expect("it is contiguous").to_vec())
            }
        }
    }
}

#[cfg(feature = "ndarray")]
impl Cpu for burn::backend::NdArray {
    fn values(tensor: &FloatTensor<Self>) -> Cow<'_, [f32]> {
        use burn::backend::ndarray::NdArrayTensor;

        let NdArrayTensor::F32(storage) = tensor else {
            panic!("the kernels compute with 32-bit floats");
        };
        let view = storage.view();
        match view.to_slice() {
            Some(values) => Cow::Borrowed(values),
            None => Cow::Owned(view.iter().copied().collect()),
        }
    }
}

/// The values of a tensor of blocks of images: borrowed, or copied to where they are aligned.
#[derive(Debug)]
pub(crate) enum BlockValues<'a> {
    Borrowed(&'a [Lanes]),
    Copied(Buffer),
}

impl<'a> BlockValues<'a> {
    pub(crate) fn of<B: Cpu>(tensor: &'a FloatTensor<B>) -> Self {
        let values = B::values(tensor);
        if let Cow::Borrowed(values) = values
            && let Ok(lanes) = bytemuck::try_cast_slice(values)
        {
            return Self::Borrowed(lanes);
        }
        let mut buffer = Buffer::any(size_of_val(&*values) / size_of::<Lanes>());
        bytemuck::must_cast_slice_mut(&mut buffer).copy_from_slice(&values);
        Self::Copied(buffer)
    }
}

impl Deref for BlockValues<'_> {
    type Target = [Lanes];

    fn deref(&self) -> &[Lanes] {
        match self {
            Self::Borrowed(lanes) => lanes,
            Self::Copied(buffer) => buffer,
        }
    }
}

fn into_bytes(buffer: Buffer) -> Bytes {
    let length = size_of_val(&*buffer);
    // SAFETY: all `length` bytes of the controller's memory are initialised: they are those of floats.
    #[allow(unsafe_code)]
    let bytes = unsafe { Bytes::from_controller(Box::new(Pooled(buffer)), length) };
    // Some backends clone the bytes with the tensor.
    if cfg!(feature = "ndarray") {
        bytes.shared()
    } else {
        bytes
    }
}

/// Gives Burn a [`Buffer`]'s memory, which goes back to the pool with the last tensor that uses it.
struct Pooled(Buffer);

impl AllocationController for Pooled {
    fn alloc_align(&self) -> usize {
        // The most that Burn aligns a copy to. This memory is aligned to more.
        align_of::<u128>()
    }

    fn property(&self) -> AllocationProperty {
        AllocationProperty::Other
    }

    #[allow(unsafe_code)]
    unsafe fn memory_mut(
        &mut self,
        _policy: AccessPolicy,
    ) -> Result<&mut [MaybeUninit<u8>], AccessError> {
        let bytes: &mut [u8] = bytemuck::must_cast_slice_mut(&mut self.0);
        // SAFETY: same size and alignment, and the caller only writes initialised bytes.
        Ok(unsafe { &mut *(std::ptr::from_mut(bytes) as *mut [MaybeUninit<u8>]) })
    }

    fn memory(&self, _policy: AccessPolicy) -> Result<&[MaybeUninit<u8>], AccessError> {
        let bytes: &[u8] = bytemuck::must_cast_slice(&self.0);
        // SAFETY: same size and alignment, and what is initialised may be taken for what need not be.
        #[allow(unsafe_code)]
        Ok(unsafe { &*(std::ptr::from_ref(bytes) as *const [MaybeUninit<u8>]) })
    }
}
