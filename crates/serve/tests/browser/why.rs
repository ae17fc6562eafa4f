//! Why a cell has its value, and why a digit is not the next one.

use mnist::{Digits, Mnist};
use serde::Deserialize;

use crate::support::{model, recorded, steps};
use crate::webdriver::Browser;
use crate::{Host, Page, WIDE, for_both_hosts};

for_both_hosts!(
    the_numbers_shown_add_up_to_the_networks_activation,
    the_way_back_leads_to_the_drawing,
    the_kernel_moves_with_the_pointer,
    why_a_digit_is_not_the_next_one,
);

/// The numbers of the panel.
#[derive(Debug, Deserialize)]
struct Shown {
    terms: Vec<Term>,
    /// Sign, number and words.
    formula: Vec<(String, f64, String)>,
}

#[derive(Debug, Deserialize)]
struct Term {
    /// The patch, and the kernel where there is one.
    grids: Vec<Vec<f64>>,
    sum: Option<f64>,
}

/// A cell: layer, channel, row and column, from 0.
type Cell = [usize; 4];

pub fn test_digits() -> Digits {
    let data = recorded().workspace().data();
    Mnist::load_verified(&data).unwrap().test
}

fn show_digit(page: &mut Page, index: usize) {
    page.open_at(&format!("#digit={index}"));
    let label =
        format!("document.querySelector('#spoken').textContent.includes('digit {index} is')");
    page.browser.wait_until(&label);
}

/// The numbers in the panel, when they are there.
fn shown(browser: &mut Browser) -> Shown {
    browser.wait_until("document.querySelector('.why .formula b') !== null");
    let script = "(() => { \
        const number = (it) => Number(it.textContent.replace('\u{2212}', '-')); \
        const terms = [...document.querySelectorAll('.why .term')].map((term) => ({ \
          grids: [...term.querySelectorAll('.numbers')].map((grid) => [...grid.children].map(number)), \
          sum: term.querySelector('.sum') ? number(term.querySelector('.sum')) : null })); \
        const formula = [...document.querySelectorAll('.why .formula .part')].map((part) => [ \
          part.querySelector('.sign').textContent, number(part.querySelector('b')), part.querySelector('small').textContent]); \
        return { terms, formula }; })()";
    serde_json::from_value(browser.value(script)).unwrap()
}

/// The cell that the panel says it is about.
fn explained(browser: &mut Browser) -> Cell {
    let text = browser.text(".why .trail [aria-current]");
    let number = |word: &str| {
        let (_, rest) = text.split_once(word)?;
        let digits = rest.trim_start().split(',').next()?;
        digits.parse::<usize>().ok()
    };
    let channel = number("digit").or_else(|| Some(number("value").or(number("map"))? - 1));
    let from_zero = |number: Option<usize>| number.map_or(0, |number| number - 1);
    [
        from_zero(number("layer")),
        channel.unwrap(),
        from_zero(number("row")),
        from_zero(number("column")),
    ]
}

/// Clicks on a layer's maps until a cell of it is explained; between the maps is none.
fn click_on_layer(browser: &mut Browser, layer: usize, mut place: [f64; 2]) -> Cell {
    let canvas = format!("#maps > li:nth-child({}) canvas", layer + 1);
    let there = format!(
        "document.querySelector('#maps > li:nth-child({}) > .why .formula b') !== null",
        layer + 1
    );
    loop {
        browser.draw(&canvas, "mouse", &[place]);
        if browser.value("document.querySelector('.why') !== null") == true {
            browser.wait_until("document.querySelector('.why .formula b') !== null");
            if browser.value(&there) == true {
                return explained(browser);
            }
        }
        place = place.map(|at| (at + 0.037) % 0.9);
    }
}

/// The value that the shown numbers come to, from the factors upwards; and checks each number on the way.
fn recomputed(shown: &Shown) -> f64 {
    let value = shown.formula.last().unwrap().1;
    let words = |wanted: &str| {
        let part = shown
            .formula
            .iter()
            .find(|(_, _, words)| words.contains(wanted));
        part.map(|(_, number, _)| *number)
    };
    let first = &shown.terms[0].grids[0];
    if words("largest").is_some() {
        let largest = first.iter().fold(f64::NEG_INFINITY, |a, b| a.max(*b));
        assert!((largest - value).abs() < 1e-4, "{shown:?}");
        return largest;
    }
    if words("mean").is_some() {
        return words("sum").unwrap() / first.len() as f64;
    }
    let mut sum = 0.0;
    for term in &shown.terms {
        let [patch, kernel] = &term.grids[..] else {
            panic!("{shown:?}");
        };
        assert_eq!(patch.len(), kernel.len());
        let pairs = || patch.iter().zip(kernel);
        let product: f64 = pairs().map(|(value, weight)| value * weight).sum();
        // Each factor is rounded to four decimals, the sum to five.
        let within: f64 = pairs()
            .map(|(value, weight)| 5e-5 * (value.abs() + weight.abs() + 1.0))
            .sum();
        assert!(
            (product - term.sum.unwrap()).abs() < within + 1e-5,
            "{shown:?}"
        );
        sum += term.sum.unwrap();
    }
    assert!((sum - words("sum").unwrap()).abs() < 1e-3, "{shown:?}");
    let scaled =
        sum * words("scale").unwrap_or(1.0) + words("offset").or(words("bias")).unwrap_or(0.0);
    if words("ReLU").is_some() {
        scaled.max(0.0)
    } else {
        scaled
    }
}

fn the_numbers_shown_add_up_to_the_networks_activation(host: Host) {
    let mut page = Page::from(host, WIDE);
    let digit = 947;
    show_digit(&mut page, digit);
    let digits = test_digits();
    let mut checked = 0;
    for (number, step) in (1..).zip(steps()) {
        let browser = &mut page.browser;
        browser.click(&format!("#steps label:nth-child({number})"));
        browser.wait_until(&format!(
            "document.querySelector('#spoken').textContent.startsWith('Step {number},')"
        ));
        let activations = model(step)
            .unwrap()
            .activations(digits.image(digit))
            .unwrap();
        for (layer, maps) in activations.iter().enumerate() {
            let place = [0.31 + 0.017 * layer as f64, 0.07 * number as f64 + 0.05];
            let cell = click_on_layer(browser, layer, place);
            let [of_layer, channel, row, column] = cell;
            assert_eq!(of_layer, layer);
            let shown = shown(browser);
            let value = shown.formula.last().unwrap().1;
            let recomputed = recomputed(&shown);
            let actual = maps.values[(channel * maps.height + row) * maps.width + column];
            assert!(
                (recomputed - value).abs() < 1e-3,
                "{cell:?}: {recomputed}, {shown:?}"
            );
            assert!(
                (value - f64::from(actual)).abs() < 1e-3,
                "step {number}, {cell:?}: {value}, but the network has {actual}"
            );
            checked += 1;
        }
    }
    assert!(checked >= 50, "{checked}");
    page.assert_sound();
}

fn the_way_back_leads_to_the_drawing(host: Host) {
    let mut page = Page::from(host, WIDE);
    show_digit(&mut page, 0);
    let layers = steps().last().unwrap().architecture.layers.len();
    let browser = &mut page.browser;
    click_on_layer(browser, layers - 1, [0.4, 0.3]);
    for layer in (0..layers - 1).rev() {
        let before = shown(browser);
        browser.click(".why-top button");
        browser.wait_until(&format!(
            "document.querySelector('#maps > li:nth-child({}) > .why .formula b') !== null",
            layer + 1
        ));
        // It is a number that was multiplied, or chosen, before.
        let value = shown(browser).formula.last().unwrap().1;
        let mut seen = before.terms.iter().flat_map(|term| &term.grids[0]);
        assert!(
            seen.any(|it| (it - value).abs() < 1e-4),
            "{value}: {before:?}"
        );
    }
    let trail = "[...document.querySelectorAll('.why .trail li')].map((it) => it.textContent)";
    let trail: Vec<String> = serde_json::from_value(browser.value(trail)).unwrap();
    assert_eq!(trail.len(), layers + 1);
    assert_eq!(trail.last().unwrap(), "the drawing");
    assert!(browser.value("document.querySelector('.why-top button').hidden") == true);
    // With the keyboard, back to where one began, and away.
    browser.value("document.querySelector('.why .trail button').focus()");
    browser.press(['\u{e007}']);
    assert_eq!(explained(browser)[0], layers - 1);
    browser.press(['\u{e00c}']);
    assert_eq!(
        browser.value("document.querySelector('.why')"),
        serde_json::Value::Null
    );
    page.assert_sound();
}

fn the_kernel_moves_with_the_pointer(host: Host) {
    let mut page = Page::from(host, WIDE);
    show_digit(&mut page, 0);
    let browser = &mut page.browser;
    let chosen = click_on_layer(browser, 1, [0.11, 0.4]);
    let maps_before = "document.querySelector('#maps canvas').toDataURL()";
    let lit = browser.value(maps_before);
    let canvas = "#maps > li:nth-child(2) canvas";
    browser.hover(canvas, [0.11, 0.7]);
    let pointed = explained(browser);
    assert!(pointed[2] > chosen[2], "{pointed:?} after {chosen:?}");
    assert_ne!(browser.value(maps_before), lit);
    // Elsewhere, it goes back to the chosen one.
    browser.hover("h1", [0.5, 0.5]);
    assert_eq!(explained(browser), chosen);
    assert_eq!(browser.value(maps_before), lit);
    page.assert_sound();
}

fn why_a_digit_is_not_the_next_one(host: Host) {
    let mut page = Page::from(host, WIDE);
    let digit = 947;
    show_digit(&mut page, digit);
    let image = *test_digits().image(digit);
    // The last layer of the one is fully connected, of the other a mean.
    for number in [steps().len(), 1] {
        let browser = &mut page.browser;
        browser.click(&format!("#steps label:nth-child({number})"));
        let model = model(steps().swap_remove(number - 1)).unwrap();
        let whole = model.probabilities([&image]).unwrap()[0];
        let mut order: Vec<usize> = (0..10).collect();
        order.sort_by(|a, b| whole[*b].total_cmp(&whole[*a]));
        let [first, second] = [order[0], order[1]];
        let share = format!("gives {:.1}", 100.0 * whole[first]);
        browser.wait_until(&format!(
            "document.querySelector('#versus-lead').textContent.includes('{share}')"
        ));
        // The bars add up to the logarithm of the ratio.
        let bars = "[...document.querySelectorAll('#bars output')].map((it) => Number(it.textContent.replace('\u{2212}', '-')))";
        let bars: Vec<f64> = serde_json::from_value(browser.value(bars)).unwrap();
        let ratio = f64::from(whole[first] / whole[second]).ln();
        assert!(
            (bars.iter().sum::<f64>() - ratio).abs() < 0.01,
            "{bars:?}, {ratio}"
        );
        // What is said of a part is what the network says without it.
        browser.hover("#heat-first", [0.53, 0.39]);
        let mut erased = image;
        for row in 8..14 {
            erased[row * 28 + 12..row * 28 + 18].fill(0);
        }
        let without = model.probabilities([&erased]).unwrap()[0];
        let said = browser.text("#heat-text");
        let expected = format!(
            "Without rows 9 to 14, columns 13 to 18: the {first} {:.1}",
            100.0 * without[first]
        );
        assert!(said.starts_with(&expected), "{said}, not {expected}");
        // A bar leads to what made it.
        browser.click("#bars button");
        browser.wait_until("document.querySelector('.why .formula b') !== null");
    }
    page.assert_sound();
}
