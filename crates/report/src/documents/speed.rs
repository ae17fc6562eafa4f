//! Speed: the generated parts of `docs/speed.md`, and the README's table.

use anyhow::Result;

use super::sections::Sections;
use super::table::markdown;
use crate::document::Document;
use crate::format::{grouped, three_digits, whole_percent};
use crate::inputs::speed::{Bandwidth, LayerTime, Machine, Measurement};
use crate::inputs::{Inputs, SPEED};

/// What stands where nothing was measured.
const NOT_MEASURED: &str = "Not measured yet.";

/// What stands in a cell without a figure.
const NONE: &str = "–";

/// Those that train, as JSON and as tables name them, ours first.
const PEERS: [(&str, &str); 7] = [
    (OURS, "Ours"),
    ("flex", "Burn's flex, not optimised"),
    ("ndarray", "Burn's ndarray"),
    ("pytorch_default", "PyTorch"),
    ("pytorch_channels_last", "channels_last"),
    ("pytorch_compiled", "compiled"),
    ("pytorch_compiled_channels_last", "compiled, channels_last"),
];

const OURS: &str = "conv_kernels";

/// The document.
pub(crate) fn document(inputs: &Inputs) -> Result<Document> {
    let sections = Sections {
        path: SPEED,
        line_prefix: "",
        contents: vec![
            ("training", training(inputs)),
            ("roofline", roofline(inputs)),
            ("layers", layers(inputs)),
            ("epoch", epoch(inputs)),
            ("latency", latency(inputs)),
        ],
    };
    Ok(Document::new(
        SPEED,
        sections.replace_in(inputs.text(SPEED))?,
    ))
}

/// The part of the README: ours, and the fastest of PyTorch's ways.
pub(crate) fn readme_table(inputs: &Inputs) -> String {
    let Some((measured, networks)) = figures(inputs, &inputs.speed.against_peers) else {
        return NOT_MEASURED.into();
    };
    let rows = networks.into_iter().map(|(name, network)| {
        let of = |peer: &str| network.ms_per_step.get(peer).copied();
        let of_pytorch = network.ms_per_step.iter();
        let of_pytorch = of_pytorch.filter(|(peer, _)| peer.starts_with("pytorch"));
        let fastest = of_pytorch.map(|(_, ms)| *ms).min_by(f64::total_cmp);
        let ratio = of(OURS).zip(fastest).map(|(ours, fastest)| fastest / ours);
        [
            name.into(),
            grouped(network.parameters),
            grouped(network.batch),
            cell(of(OURS)),
            cell(fastest),
            cell(ratio),
            whole_percent(network.share_of_roofline),
        ]
    });
    let header = [
        "Network",
        "Parameters",
        "Batch",
        "Ours (ms)",
        "PyTorch's fastest way (ms)",
        "PyTorch, ours = 1",
        "Ours, share of the roofline",
    ];
    with_conditions(&markdown(header, rows, 1..7), measured)
}

fn training(inputs: &Inputs) -> String {
    let Some((measured, networks)) = figures(inputs, &inputs.speed.against_peers) else {
        return NOT_MEASURED.into();
    };
    let rows = networks.into_iter().flat_map(|(name, network)| {
        let ours = network.ms_per_step.get(OURS).copied();
        let peers = PEERS.into_iter().filter_map(move |(peer, label)| {
            let milliseconds = *network.ms_per_step.get(peer)?;
            Some([
                name.into(),
                grouped(network.batch),
                label.into(),
                three_digits(milliseconds),
                three_digits(1e3 * network.batch as f64 / milliseconds),
                cell(ours.map(|ours| milliseconds / ours)),
            ])
        });
        peers.collect::<Vec<_>>()
    });
    let header = [
        "Network",
        "Batch",
        "Trained by",
        "ms a step",
        "Images a second",
        "Ours = 1",
    ];
    let table = markdown(header, rows, 3..6);
    with_conditions(&table, measured)
}

fn roofline(inputs: &Inputs) -> String {
    let Some((measured, networks)) = figures(inputs, &inputs.speed.against_peers) else {
        return NOT_MEASURED.into();
    };
    let rows = networks.into_iter().map(|(name, network)| {
        let Machine {
            peak_gflops,
            gb_per_second: Bandwidth { layer, step },
        } = &network.machine;
        [
            name.into(),
            three_digits(network.roofline_ms),
            cell(network.ms_per_step.get(OURS).copied()),
            whole_percent(network.share_of_roofline),
            whole_percent(network.share_of_peak),
            three_digits(*peak_gflops),
            three_digits(*layer),
            three_digits(*step),
        ]
    });
    let header = [
        "Network",
        "Roofline (ms)",
        "Ours (ms)",
        "Share of the roofline",
        "Share of the peak",
        "Peak (GFLOP/s)",
        "Bandwidth, a layer's maps (GB/s)",
        "Bandwidth, a step's maps (GB/s)",
    ];
    with_conditions(&markdown(header, rows, 1..7), measured)
}

fn layers(inputs: &Inputs) -> String {
    let Some((measured, networks)) = figures(inputs, &inputs.speed.layers) else {
        return NOT_MEASURED.into();
    };
    let tables = networks.into_iter().map(|(name, network)| {
        let of = |time: &LayerTime| {
            [
                three_digits(time.microseconds),
                whole_percent(time.share_of_peak),
                whole_percent(time.share_of_roofline),
            ]
        };
        let rows = network.layers.iter().map(|layer| {
            let [forward, peak, roofline] = of(&layer.forward);
            let [both, peak_of_both, roofline_of_both] = of(&layer.with_backward);
            [
                layer.layer.clone(),
                forward,
                peak,
                roofline,
                both,
                peak_of_both,
                roofline_of_both,
            ]
        });
        let header = [
            "Layer",
            "Forward (µs)",
            "of peak",
            "of roofline",
            "With backward (µs)",
            "of peak",
            "of roofline",
        ];
        let table = markdown(header, rows, 1..7);
        format!("{name}, batches of {}:\n\n{table}", network.batch)
    });
    let mut text = tables.collect::<Vec<_>>().join("\n\n");
    if let Some(machine) = &measured.machine {
        text += &format!(
            "\n\nOne thread: peak {} GFLOP/s, bandwidth {} GB/s for a layer's maps and {} GB/s for a step's.",
            three_digits(machine.peak_gflops),
            three_digits(machine.gb_per_second.layer),
            three_digits(machine.gb_per_second.step)
        );
    }
    with_conditions(&text, measured)
}

fn epoch(inputs: &Inputs) -> String {
    let Some((measured, networks)) = figures(inputs, &inputs.speed.epoch) else {
        return NOT_MEASURED.into();
    };
    let rows = networks.into_iter().flat_map(|(name, network)| {
        let of_threads = network.threads.iter().map(move |(threads, time)| {
            [
                name.into(),
                grouped(network.batch),
                threads.to_string(),
                three_digits(time.bare_steps_s),
                three_digits(time.bare_evaluation_s),
                three_digits(time.epoch_s),
                three_digits(time.epoch_over_bare),
                cell(time.one_thread_over_this),
            ]
        });
        of_threads.collect::<Vec<_>>()
    });
    let header = [
        "Network",
        "Batch",
        "Threads",
        "Bare steps (s)",
        "Bare evaluation (s)",
        "Epoch (s)",
        "Epoch, bare = 1",
        "Steps of one thread, these = 1",
    ];
    with_conditions(&markdown(header, rows, 1..7), measured)
}

fn latency(inputs: &Inputs) -> String {
    let Some((measured, networks)) = figures(inputs, &inputs.speed.latency) else {
        return NOT_MEASURED.into();
    };
    let rows = networks.into_iter().map(|(name, network)| {
        let milliseconds = |who: &str| network.one_image_ms.get(who).copied().flatten();
        let one = |who: &str| cell(milliseconds(who).map(|it| 1e3 * it));
        let many = |who: &str| cell(network.images_per_second.get(who).copied().flatten());
        [
            name.into(),
            one("ours"),
            one("onnxruntime"),
            many("ours"),
            many("onnxruntime"),
        ]
    });
    let header = [
        "Network",
        "One image, ours (µs)",
        "ONNX Runtime (µs)",
        "Images a second, ours",
        "ONNX Runtime",
    ];
    with_conditions(&markdown(header, rows, 1..5), measured)
}

/// A measurement, and the figures of each network by its name.
type OfNetworks<'a, Figures> = (&'a Measurement<Figures>, Vec<(&'a str, &'a Figures)>);

/// A measurement with the figures of its networks: those that are no experiment first, then the steps, then the frontier. None
/// without any network.
fn figures<'a, Figures>(
    inputs: &Inputs,
    measurement: &'a Option<Measurement<Figures>>,
) -> Option<OfNetworks<'a, Figures>> {
    let measurement = measurement.as_ref()?;
    let place = |name: &str| {
        let mut experiments = inputs.experiments.iter().chain(inputs.frontier);
        experiments.position(|it| it.name == *name)
    };
    let networks = measurement.networks.iter();
    let mut networks: Vec<_> = networks.map(|(name, it)| (name.as_str(), it)).collect();
    networks.sort_by_key(|(name, _)| place(name));
    (!networks.is_empty()).then_some((measurement, networks))
}

/// A text, and what its figures depend on.
fn with_conditions<Figures>(text: &str, measured: &Measurement<Figures>) -> String {
    let mut conditions = format!("Medians of {}", count(measured.rounds, "round"));
    if let Some(threads) = measured.threads {
        conditions += &format!(", {}", count(threads, "thread"));
    }
    let versions = measured.versions.iter();
    let versions = versions.filter_map(|(name, of)| Some(format!("{name} {}", of.as_ref()?)));
    let versions: Vec<_> = versions.collect();
    let others = measured.others_share.map_or_else(String::new, |share| {
        format!(
            "; others took {} of the processors' time",
            whole_percent(share)
        )
    });
    format!(
        "{text}\n\n{conditions}; {}, {}{others}; {}; {}.",
        measured.cpu,
        measured.instructions,
        versions.join(", "),
        measured.date
    )
}

fn count(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

fn cell(figure: Option<f64>) -> String {
    figure.map_or_else(|| NONE.into(), three_digits)
}
