//! The choice of backend: the one place that names any.
//!
//! Each backend is a feature flag, and is listed here only where its flag is on. Where several are compiled in, the
//! first of them is the default: whoever asks for `--features wgpu` wants wgpu, although `flex` is on as well.

use anyhow::{Context, Result};
use burn::tensor::Device;
use clap::ValueEnum;

#[cfg(not(any(feature = "flex", feature = "ndarray", feature = "wgpu")))]
compile_error!("choose a backend: --features flex, ndarray or wgpu");

/// The backends compiled in, the default first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Backend {
    /// WebGPU: Vulkan, Metal or DirectX 12, on a GPU
    #[cfg(feature = "wgpu")]
    Wgpu,
    /// ndarray, on the CPU (superseded by flex in Burn itself)
    #[cfg(feature = "ndarray")]
    Ndarray,
    /// Burn's own CPU backend
    #[cfg(feature = "flex")]
    Flex,
}

/// A backend's device, ready to compute on.
#[derive(Clone, Debug)]
pub struct Selected {
    /// Name of the backend's feature flag.
    pub backend: String,
    /// What the device is called.
    pub device_name: String,
    /// The device, without automatic differentiation.
    pub device: Device,
    /// Whether the kernels of `conv-kernels` compute on it, with the instruction set of this machine.
    pub uses_kernels: bool,
    /// Whether kernels are compiled while running, so that the first steps are slow.
    pub compiles_kernels: bool,
}

/// The device of `backend`, or of the default backend.
///
/// # Errors
///
/// wgpu finds no adapter.
pub fn select_device(backend: Option<Backend>) -> Result<Selected> {
    let backend = backend
        .or_else(|| Backend::value_variants().first().copied())
        .context("no backend is compiled in")?;
    match backend {
        #[cfg(feature = "flex")]
        Backend::Flex => Ok(on_cpu("flex", Device::flex())),
        #[cfg(feature = "ndarray")]
        Backend::Ndarray => {
            // Deprecated upstream, and wanted here as the reference to compare with.
            #[allow(deprecated)]
            let device = Device::ndarray();
            Ok(on_cpu("ndarray", device))
        }
        #[cfg(feature = "wgpu")]
        Backend::Wgpu => wgpu(),
    }
}

#[cfg(any(feature = "flex", feature = "ndarray"))]
fn on_cpu(backend: &str, device: Device) -> Selected {
    Selected {
        backend: backend.into(),
        device_name: "CPU".into(),
        device,
        uses_kernels: true,
        compiles_kernels: false,
    }
}

#[cfg(feature = "wgpu")]
fn wgpu() -> Result<Selected> {
    use burn::tensor::{DeviceKind, DeviceType};

    // Making the device is lazy, and panics at its first use where there is no adapter: so look first.
    anyhow::ensure!(
        !Device::enumerate(DeviceType::Wgpu).into_vec().is_empty(),
        "backend wgpu found no graphics adapter; install a driver for Vulkan, Metal or DirectX 12, or use --backend flex"
    );
    let device = Device::wgpu(DeviceKind::DefaultDevice);
    let device_name = device
        .identity()
        .map_or_else(|| "unnamed adapter".into(), |identity| identity.name);
    Ok(Selected {
        backend: "wgpu".into(),
        device_name,
        device,
        uses_kernels: false,
        compiles_kernels: true,
    })
}
