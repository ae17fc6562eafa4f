//! The page in a browser. Needs Chromium and chromedriver, so it runs only when asked for:
//! `cargo test -p serve --test browser -- --ignored`. Where SCREENSHOTS names a folder, pictures of the page are left there.

#[path = "../support/mod.rs"]
mod support;

mod axe;
mod exported;
mod files;
mod story;
mod trainer;
mod webdriver;
mod why;

use std::path::PathBuf;
use std::{env, fs};

use evidence::{Epoch, Kind, State};
use serve::{Content, Limits, exported_page};

use files::Folder;
use support::{Checkout, Running, content, model, recorded, steps};
use webdriver::{Browser, View};

const WIDE: View = View {
    width: 1400,
    height: 1000,
    dark: false,
};

const NARROW: View = View {
    width: 400,
    height: 800,
    dark: false,
};

/// Keys as WebDriver numbers them.
const LEFT: char = '\u{e012}';
const UP: char = '\u{e013}';
const RIGHT: char = '\u{e014}';
const DOWN: char = '\u{e015}';
const TAB: char = '\u{e004}';

/// Who a browser has the page from.
#[derive(Clone, Copy, Debug)]
enum Host {
    /// The server, with the limits that everybody meets.
    Server,
    /// A server of files, and nothing else, that has the exported page in some folder.
    Files,
}

/// Makes two tests of each function, one for each host.
macro_rules! for_both_hosts {
    ($($name:ident),* $(,)?) => {$(
        mod $name {
            #[test]
            #[ignore = "needs Chromium"]
            fn served() {
                super::$name(crate::Host::Server);
            }

            #[test]
            #[ignore = "needs Chromium"]
            fn exported() {
                super::$name(crate::Host::Files);
            }
        }
    )*};
}

pub(crate) use for_both_hosts;

for_both_hosts!(
    a_drawn_seven_is_a_seven_for_the_last_step,
    the_layout_holds_on_a_telephone_and_on_a_desk,
    one_can_draw_undo_clear_and_look_at_test_digits,
    a_cell_shows_what_it_sees,
    everything_can_be_reached_with_the_keyboard,
    the_paper_stays_where_it_is_while_one_draws,
    a_click_draws_a_dot,
    the_sample_is_recognised_by_every_step,
    an_answer_makes_no_canvas,
);

/// The page in a browser.
struct Page {
    browser: Browser,
    /// Where it is.
    address: String,
    server: Option<Running>,
    _files: Option<Folder>,
    checkout: Checkout,
}

impl Page {
    fn open(view: View) -> Self {
        Self::from(Host::Server, view)
    }

    fn from(host: Host, view: View) -> Self {
        let checkout = Checkout::new();
        let content = content(&checkout);
        match host {
            Host::Server => Self::open_with(content, checkout, view),
            Host::Files => {
                let files = Folder::serve(&exported_page(&content).unwrap());
                Self::opened(files.address.clone(), None, Some(files), checkout, view)
            }
        }
    }

    fn open_with(content: Content, checkout: Checkout, view: View) -> Self {
        let server = Running::start(content, Limits::default());
        let address = format!("http://{}/", server.address);
        let mut page = Self::opened(address, Some(server), None, checkout, view);
        page.browser.wait_until(
            "[...document.images].length > 0 && [...document.images].every((it) => it.complete)",
        );
        page
    }

    fn opened(
        address: String,
        server: Option<Running>,
        files: Option<Folder>,
        checkout: Checkout,
        view: View,
    ) -> Self {
        let mut page = Self {
            browser: Browser::start(view),
            address,
            server,
            _files: files,
            checkout,
        };
        page.browser.open(&page.address);
        // The sample is drawn and answered.
        page.browser
            .wait_until("document.querySelector('#spoken').textContent.includes('sees a')");
        page
    }

    /// Opens it with something behind its address, such as `#step=4`.
    fn open_at(&mut self, state: &str) {
        self.browser.open(&format!("{}{state}", self.address));
    }

    /// Draws the strokes of a 7, and waits for the answer.
    fn draw_seven(&mut self, pointer: &str) {
        for stroke in seven() {
            self.browser.draw("#drawing", pointer, &stroke);
        }
        self.browser
            .wait_until("document.querySelector('#spoken').textContent.includes('sees a 7')");
    }

    /// Nothing has gone wrong on the page, and it has asked for nothing but what is in its folder.
    fn assert_sound(&mut self) {
        assert_eq!(self.browser.errors(), Vec::<serde_json::Value>::new());
        let own = &self.address;
        let requests = self.browser.requests(own);
        assert!(requests.len() > 10, "{requests:?}");
        for address in requests {
            assert!(address.starts_with(own), "the page asked for {address}");
        }
    }

    fn leave_screenshot(&mut self, name: &str) {
        if let Some(folder) = env::var_os("SCREENSHOTS").map(PathBuf::from) {
            self.browser
                .value("scrollTo({ top: 0, behavior: 'instant' })");
            fs::create_dir_all(&folder).unwrap();
            let prefix = if self.server.is_none() {
                "exported-"
            } else {
                ""
            };
            let path = folder.join(format!("{prefix}{name}"));
            fs::write(path, self.browser.screenshot()).unwrap();
        }
    }
}

/// Left and top of the paper, in pixels from the corner of the page.
const PLACE_OF_PAPER: &str = "(() => { \
    const { left, top } = document.querySelector('#drawing').getBoundingClientRect(); \
    return [left + scrollX, top + scrollY]; })()";

/// Strokes of a 7, in shares of the paper's side.
fn seven() -> Vec<Vec<[f64; 2]>> {
    serde_json::from_str(include_str!("seven.json")).unwrap()
}

fn a_drawn_seven_is_a_seven_for_the_last_step(host: Host) {
    let mut page = Page::from(
        host,
        View {
            height: 1_400,
            ..WIDE
        },
    );
    page.draw_seven("mouse");
    let last = steps().len();
    let of_last = format!("#steps label:nth-child({last}) .sees b");
    assert_eq!(page.browser.text(&of_last), "7");
    assert_eq!(page.browser.text("#digit"), "7");
    let chosen = "document.querySelector('#steps :checked').value";
    let name = steps()[last - 1].name.clone();
    assert_eq!(page.browser.value(chosen), name.as_str());
    page.leave_screenshot("page.png");
    page.assert_sound();
}

fn the_layout_holds_on_a_telephone_and_on_a_desk(host: Host) {
    let mut page = Page::from(host, NARROW);
    page.draw_seven("touch");
    for view in [NARROW, WIDE] {
        for dark in [false, true] {
            page.browser.view(View { dark, ..view });
            page.browser
                .wait_until("document.querySelector('#maps canvas').clientWidth <= innerWidth");
            assert_eq!(
                page.browser.value("document.documentElement.scrollWidth"),
                view.width,
                "something is wider than the page"
            );
            let outside = page.browser.value(
                "[...document.querySelectorAll('a, button, input, label, h1, h2, #drawing, #maps canvas, #figures figure')] \
                 .filter((it) => { const { left, right, width, height } = it.getBoundingClientRect(); \
                   return !it.matches('.skip') && !it.closest('[hidden]') && (left < 0 || right > innerWidth || !width || !height); }) \
                 .map((it) => it.outerHTML)",
            );
            assert_eq!(outside, serde_json::json!([]), "{view:?}");
            let scheme = if dark { "dark" } else { "light" };
            page.leave_screenshot(&format!("page-{}-{scheme}.png", view.width));
        }
    }
    page.assert_sound();
}

fn one_can_draw_undo_clear_and_look_at_test_digits(host: Host) {
    let mut page = Page::from(host, WIDE);
    let browser = &mut page.browser;
    let spoken =
        |words: &str| format!("document.querySelector('#spoken').textContent.includes({words:?})");
    // The pen sets the sample aside.
    browser.draw("#drawing", "pen", &[[0.5, 0.2], [0.5, 0.5], [0.5, 0.8]]);
    browser.wait_until(&spoken("sees a 1"));
    browser.click("#undo");
    browser.wait_until(&spoken("Nothing is drawn"));
    assert_eq!(browser.text("#digit"), "–");
    // With the keyboard alone: a bar downwards.
    browser.value("document.querySelector('#drawing').focus()");
    browser.press(
        [UP; 8]
            .into_iter()
            .chain([' '])
            .chain([DOWN; 16])
            .chain([' ', LEFT, RIGHT]),
    );
    browser.wait_until(&spoken("sees a 1"));
    browser.click("#clear");
    browser.wait_until(&spoken("Nothing is drawn"));
    browser.click("#undo");
    browser.wait_until(&spoken("sees a 1"));
    // Test digit 0 is a 7, and 1 a 2.
    browser.click("#test-digit [type=submit]");
    browser.wait_until(&spoken("sees a 7"));
    assert!(
        browser
            .text("#verdict")
            .contains("Test digit 0 is labelled 7")
    );
    assert_eq!(browser.text("#preparation"), "28×28, taken as it is.");
    browser.click("#next");
    browser.wait_until(&spoken("sees a 2"));
    browser.click("#hard");
    browser.wait_until("document.querySelector('#steps label:first-child').matches('.apart')");
    assert!(
        !browser
            .value("document.querySelector('#steps label:last-child').matches('.apart')")
            .as_bool()
            .unwrap()
    );
    page.assert_sound();
}

fn a_cell_shows_what_it_sees(host: Host) {
    let mut page = Page::from(host, WIDE);
    let browser = &mut page.browser;
    // Of a test digit the networks see the paper as it is.
    browser.click("#test-digit [type=submit]");
    browser.wait_until("document.querySelector('#spoken').textContent.includes('sees a 7')");
    let last = steps().last().cloned().unwrap();
    let summary = last.architecture.summary().unwrap();
    assert_eq!(
        browser.value("document.querySelector('#field').hidden"),
        true
    );
    for (number, layer) in summary.layers.iter().enumerate() {
        // The first cell of the first map.
        let canvas = format!("#maps li:nth-child({}) canvas", number + 1);
        let mut length = |of: &str| {
            let length = browser.value(&format!("document.querySelector({canvas:?}).{of}"));
            length.as_f64().unwrap()
        };
        let place = [1.5 / length("clientWidth"), 1.5 / length("clientHeight")];
        browser.hover(&canvas, place);
        let end = (layer.start.height + layer.receptive_field_out.height as f64 / 2.0).min(28.0);
        let expected = format!("sees rows 1 to {end}, columns 1 to {end}.");
        browser.wait_until(&format!(
            "document.querySelector('#cell').textContent.includes({expected:?})"
        ));
        // On the paper it is as large, give or take the line's width.
        let [left, top, right, bottom] = field_on_paper(browser);
        for (found, expected) in [(left, 0.0), (top, 0.0), (right, end), (bottom, end)] {
            assert!(
                (found - expected).abs() < 0.2,
                "layer {}: {found}, not {expected}",
                number + 1
            );
        }
    }
    // With the keyboard: one cell to the right, one step of the layer's jump.
    browser.value("document.querySelector('#maps li:nth-child(4) canvas').focus()");
    browser.press([RIGHT]);
    let layer = &summary.layers[3];
    let [from, to] = [-0.5, 0.5].map(|side| {
        layer.start.width
            + layer.jump_out.width as f64
            + side * layer.receptive_field_out.width as f64
    });
    let expected = format!("columns {} to {to}.", from + 1.0);
    browser.wait_until(&format!(
        "document.querySelector('#cell').textContent.includes({expected:?})"
    ));
    // Another step has other layers.
    browser.click("#steps label:first-child");
    let layers = steps()[0].architecture.layers.len();
    browser.wait_until(&format!(
        "document.querySelectorAll('#maps li').length === {layers}"
    ));
    browser.wait_until("document.querySelector('#spoken').textContent.startsWith('Step 1,')");
    assert_eq!(
        browser.value("document.querySelector('#field').hidden"),
        true
    );
    page.assert_sound();
}

/// Left, top, right and bottom of the rectangle on the paper, whose side is 28.
fn field_on_paper(browser: &mut Browser) -> [f64; 4] {
    let script = "(() => { \
        const field = document.querySelector('#field'); \
        const copy = new OffscreenCanvas(field.width, field.height).getContext('2d', { willReadFrequently: true }); \
        copy.drawImage(field, 0, 0); \
        const { data } = copy.getImageData(0, 0, field.width, field.height); \
        const inked = [...Array(data.length / 4).keys()].filter((at) => data[4 * at + 3]); \
        const columns = inked.map((at) => at % field.width); \
        const rows = inked.map((at) => Math.floor(at / field.width)); \
        const [least, most] = [(them) => them.reduce((a, b) => Math.min(a, b)), (them) => them.reduce((a, b) => Math.max(a, b)) + 1]; \
        return [least(columns), least(rows), most(columns), most(rows)].map((at) => 28 * at / field.width); \
    })()";
    serde_json::from_value(browser.value(script)).unwrap()
}

#[test]
#[ignore = "needs Chromium"]
fn a_training_is_seen_to_grow() {
    let checkout = Checkout::new();
    let content = Content {
        // As if it had the recorded weights already.
        look: Some(|state| {
            let steps = steps().into_iter();
            let mut step = steps.filter(|step| step.name == state.run.name);
            model(step.next().unwrap())
        }),
        ..content(&checkout)
    };
    let mut page = Page::open_with(content, checkout, WIDE);
    let shown = |words: &str| {
        format!("document.querySelector('#trainings').textContent.includes({words:?})")
    };
    assert_eq!(
        page.browser
            .value("document.querySelector('#no-training').hidden"),
        false
    );
    let (mut folder, record) = page.checkout.begin_run();
    let planned = record.run.recipe.epochs;
    let mut state = State {
        origin: record.origin,
        teacher_epochs: Vec::new(),
        teacher: None,
        epochs: Vec::new(),
    };
    page.browser
        .wait_until(&shown(&format!("Epoch 0 of {planned}")));
    assert_eq!(
        page.browser
            .value("document.querySelector('#no-training').hidden"),
        true
    );
    for epoch in 1..=2 {
        state.epochs.push(Epoch {
            epoch,
            learning_rate: 0.1,
            train_loss: 0.4 / epoch as f64,
            train_accuracy: 0.9,
            test_loss: 0.2 / epoch as f64,
            test_correct: 9_000 + epoch,
            test_total: 10_000,
            seconds: 3.0,
        });
        folder.add_state(&state, &[]).unwrap();
        page.browser.wait_until(&shown(&format!(
            "Epoch {epoch} of {planned}: 90.0{epoch} %"
        )));
        // The page asks again by itself.
        page.browser.wait_until(&shown(&format!(
            "After epoch {epoch} it takes your drawing for a 3 ("
        )));
    }
    page.browser.click("#clear");
    page.browser
        .wait_until(&format!("!{}", shown("it takes your drawing")));
    let points =
        "document.querySelector('#trainings path.test[d*=L]').getAttribute('d').split('L').length";
    assert_eq!(page.browser.value(points), 2);
    drop(folder);
    page.browser.wait_until(&shown("it has been stopped"));
    // Made again and finished, it shows its last epoch and the verdict.
    let (folder, record) = page.checkout.begin_run();
    let weights = recorded().weights(Kind::Step, record.name());
    folder.finish(&record, &fs::read(weights).unwrap()).unwrap();
    page.browser.wait_until(&shown("Finished. Verdict: "));
    page.browser
        .wait_until(&format!("{points} === {}", record.epochs.len()));
    page.assert_sound();
}

#[test]
#[ignore = "needs Chromium"]
fn a_step_without_weights_cannot_be_chosen_and_says_why() {
    let checkout = Checkout::new();
    let mut content = content(&checkout);
    let last = content.steps.len();
    content.steps[last - 1].1 = Err(anyhow::anyhow!("its weights are lost"));
    let chosen = content.steps[last - 2].0.name.clone();
    let mut page = Page::open_with(content, checkout, WIDE);
    let card = format!("#steps label:nth-child({last})");
    assert!(page.browser.text(&card).contains("its weights are lost"));
    let disabled = format!("document.querySelector('{card} input').disabled");
    assert_eq!(page.browser.value(&disabled), true);
    page.draw_seven("mouse");
    let value = page
        .browser
        .value("document.querySelector('#steps :checked').value");
    assert_eq!(value, chosen.as_str());
    page.leave_screenshot("page-step-missing.png");
    page.assert_sound();
}

#[test]
#[ignore = "needs Chromium"]
fn a_server_that_is_gone_is_missed() {
    let mut page = Page::open(WIDE);
    let trouble = "document.querySelector('#trouble')";
    assert_eq!(page.browser.value(&format!("{trouble}.hidden")), true);
    let before = page.browser.value(PLACE_OF_PAPER);
    page.server.as_mut().unwrap().stop();
    page.browser
        .draw("#drawing", "mouse", &[[0.5, 0.2], [0.5, 0.8]]);
    page.browser.wait_until(&format!(
        "{trouble}.textContent.includes('does not answer')"
    ));
    page.leave_screenshot("page-server-gone.png");
    assert_eq!(page.browser.value(PLACE_OF_PAPER), before);
}

fn everything_can_be_reached_with_the_keyboard(host: Host) {
    let mut page = Page::from(host, WIDE);
    let browser = &mut page.browser;
    let focused = "(document.activeElement.id || document.activeElement.value || document.activeElement.tagName)";
    let mut reached = Vec::new();
    loop {
        browser.press([TAB]);
        let element = browser.value(focused).as_str().unwrap().to_owned();
        // Behind the last element is the browser's own.
        if element == "BODY" {
            break;
        }
        reached.push(element);
        let outlined = browser.value(
            "(() => { const it = document.activeElement; \
             return [it, it.closest('label') ?? it].some((it) => getComputedStyle(it).outlineStyle !== 'none'); })()",
        );
        assert_eq!(outlined, true, "{reached:?}");
    }
    for expected in ["drawing", "clear", "index", "next", "hard", "CANVAS"] {
        assert!(
            reached.iter().any(|it| it == expected),
            "{expected} is not among {reached:?}"
        );
    }
    let chosen = steps().last().unwrap().name.to_string();
    assert!(reached.contains(&chosen), "{reached:?}");
    page.assert_sound();
}

fn the_paper_stays_where_it_is_while_one_draws(host: Host) {
    for view in [WIDE, NARROW] {
        let mut page = Page::from(host, view);
        let before = page.browser.value(PLACE_OF_PAPER);
        // Looked at at every event of the pointer.
        page.browser.value(&format!(
            "(() => {{ window.places = new Set(); \
             for (const kind of ['pointerdown', 'pointermove', 'pointerup']) {{ \
               document.querySelector('#drawing').addEventListener(kind, () => places.add(String({PLACE_OF_PAPER}))); \
             }} }})()"
        ));
        for stroke in 0..10 {
            let x = 0.1 + 0.08 * f64::from(stroke);
            page.browser
                .draw("#drawing", "mouse", &[[x, 0.2], [x, 0.5], [x + 0.05, 0.8]]);
            assert_eq!(page.browser.value(PLACE_OF_PAPER), before);
        }
        assert_eq!(page.browser.value("places.size"), 1, "{view:?}");
        let trouble = page
            .browser
            .value("document.querySelector('#trouble').hidden");
        assert_eq!(trouble, true);
        page.assert_sound();
    }
}

fn a_click_draws_a_dot(host: Host) {
    let mut page = Page::from(host, WIDE);
    let inked = "(() => { const canvas = document.querySelector('#drawing'); \
        const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height); \
        return data.filter((value, at) => at % 4 === 3 && value > 128).length; })()";
    page.browser.draw("#drawing", "mouse", &[[0.5, 0.5]]);
    let dot = page.browser.value(inked).as_f64().unwrap();
    // A circle of 42 pixels in diameter, of a canvas of 560.
    let expected = std::f64::consts::PI * 21.0 * 21.0;
    assert!((dot / expected - 1.0).abs() < 0.1, "{dot}");
    page.assert_sound();
}

fn the_sample_is_recognised_by_every_step(host: Host) {
    let mut page = Page::from(host, WIDE);
    let seen = "[...document.querySelectorAll('.step .sees')].map((it) => it.textContent)";
    let seen = page.browser.value(seen);
    println!("{seen}");
    for card in seen.as_array().unwrap() {
        assert!(card.as_str().unwrap().starts_with('3'), "{seen}");
    }
    let sure = "parseFloat(document.querySelector('#probabilities .first output').textContent.replace('>', ''))";
    assert!(page.browser.value(sure).as_f64().unwrap() > 95.0, "{seen}");
}

#[test]
#[ignore = "needs Chromium"]
fn back_from_a_chart_the_drawing_is_there() {
    let mut page = Page::open(WIDE);
    page.draw_seven("mouse");
    page.browser.click("#figures a");
    page.browser
        .wait_until("document.documentElement.tagName === 'svg'");
    page.browser.back();
    page.browser.wait_until(
        "document.querySelector('#verdict')?.textContent.includes('sees a 7') ?? false",
    );
    // A page that is loaded anew has it too, and it can be taken back.
    page.open_at("");
    page.browser.wait_until(
        "document.querySelector('#verdict')?.textContent.includes('sees a 7') ?? false",
    );
    page.browser.click("#undo");
    page.assert_sound();
}

#[test]
#[ignore = "needs Chromium"]
fn charts_can_be_read_and_the_table_is_whole() {
    let mut page = Page::open(NARROW);
    let width = "document.querySelector('#figures img').clientWidth";
    assert!(page.browser.value(width).as_u64().unwrap() > 500);
    page.browser.view(WIDE);
    page.browser.wait_until(
        "(() => { const it = document.querySelector('#results .scroll'); return it.scrollWidth <= it.clientWidth; })()",
    );
    page.assert_sound();
}

fn an_answer_makes_no_canvas(host: Host) {
    let mut page = Page::from(host, WIDE);
    page.browser.value(
        "(() => { window.made = 0; const make = document.createElement.bind(document); \
         document.createElement = (tag) => { made += tag === 'canvas'; return make(tag); }; })()",
    );
    page.draw_seven("mouse");
    assert_eq!(page.browser.value("made"), 0);
}

#[test]
#[ignore = "needs Chromium"]
fn the_first_load_is_small() {
    let mut page = Page::open(WIDE);
    // Without what is asked for each drawing.
    let loaded = "[...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')] \
        .filter((it) => !/predict|erase|trainings?$/.test(it.name)) \
        .reduce((bytes, it) => bytes + it.encodedBodySize, 0)";
    let bytes = page.browser.value(loaded).as_f64().unwrap();
    assert!((50_000.0..200_000.0).contains(&bytes), "{bytes}");
}
