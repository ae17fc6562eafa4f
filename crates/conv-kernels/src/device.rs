//! Which devices the kernels compute on.

use burn::backend::DispatchDevice;
use burn::tensor::Device;

/// Whether the kernels compute on this device, without automatic differentiation, and not Burn's own operators.
pub fn uses_kernels(device: &Device) -> bool {
    match device.as_dispatch() {
        DispatchDevice::Flex(_) => true,
        #[cfg(feature = "ndarray")]
        DispatchDevice::NdArray(_) => true,
        _ => false,
    }
}
