//! Digits that open in the drawing, and the address that holds them.

use evidence::Kind;
use mnist::Mnist;

use crate::support::{recorded, steps};
use crate::{Host, NARROW, Page, WIDE, for_both_hosts};

for_both_hosts!(
    digits_of_the_story_open_in_the_drawing,
    the_digits_of_a_cell_of_the_confusion_matrix_open,
    an_address_that_names_nothing_is_told_or_left_aside,
);

fn digits_of_the_story_open_in_the_drawing(host: Host) {
    let mut page = Page::from(host, NARROW);
    let browser = &mut page.browser;
    let cards = browser.value("document.querySelectorAll('#cards > li').length");
    assert_eq!(cards, steps().len());
    let digit = "#cards > li:nth-child(4) .thumbnail";
    browser.click(digit);
    browser.wait_until("document.querySelector('#spoken').textContent.startsWith('Step 4,')");
    let said = browser.text("#spoken");
    let index = browser.value("Number(new URLSearchParams(location.hash.slice(1)).get('digit'))");
    assert!(
        said.contains(&format!("Test digit {index} is labelled")),
        "{said}"
    );
    assert_eq!(
        browser.value("location.hash"),
        format!("#digit={index}&step=4")
    );
    // Step 4 gets it right, and step 3 does not.
    let data = recorded().workspace().data();
    let label = Mnist::load_verified(&data)
        .unwrap()
        .test
        .label(index.as_u64().unwrap() as usize);
    assert_eq!(browser.text("#digit"), label.to_string());
    assert_ne!(
        browser.text("#steps label:nth-child(3) .sees b"),
        label.to_string()
    );
    // The address brings it back.
    page.open_at("#step=1");
    page.browser
        .wait_until("document.querySelector('#steps :checked')?.value.startsWith('step-01')");
    page.open_at(&format!("#digit={index}&step=4"));
    page.browser.wait_until(&format!(
        "document.querySelector('#spoken').textContent.startsWith('Step 4,') && document.querySelector('#spoken').textContent.includes('digit {index} ')"
    ));
    // A stroke makes it another drawing.
    page.browser
        .draw("#drawing", "touch", &[[0.2, 0.2], [0.3, 0.2]]);
    assert_eq!(page.browser.value("location.hash"), "#step=4");
    page.assert_sound();
}

fn the_digits_of_a_cell_of_the_confusion_matrix_open(host: Host) {
    let mut page = Page::from(host, WIDE);
    let browser = &mut page.browser;
    let last = steps().last().unwrap().name.clone();
    let record = recorded().record(Kind::Step, last.as_str(), 1).unwrap();
    let matrix = "[...document.querySelectorAll('#confusion tbody tr')].map((row) => [...row.querySelectorAll('td')].map((it) => Number(it.textContent)))";
    let matrix: Vec<Vec<usize>> = serde_json::from_value(browser.value(matrix)).unwrap();
    assert_eq!(matrix, record.confusion);
    browser.click("#confusion button");
    let said = browser.text("#confusion button").parse::<usize>().unwrap();
    let shown = "document.querySelectorAll('#wrong .thumbnail').length";
    assert_eq!(browser.value(shown), said);
    browser.click("#wrong .thumbnail");
    browser.wait_until("document.querySelector('#spoken').textContent.includes('is labelled')");
    let index = browser.value("document.querySelector('#index').valueAsNumber");
    let index = index.as_u64().unwrap() as usize;
    assert!(
        record.misclassified.iter().any(|it| it.image == index),
        "{index}"
    );
    browser.click("#all-wrong");
    assert_eq!(browser.value(shown), record.misclassified.len().min(48));
    page.assert_sound();
}

fn an_address_that_names_nothing_is_told_or_left_aside(host: Host) {
    let mut page = Page::from(host, WIDE);
    let said = match host {
        Host::Server => "0 to 9999",
        Host::Files => "`cargo ladder serve` has all",
    };
    page.open_at("#digit=10000");
    page.browser.wait_until(&format!(
        "document.querySelector('#trouble').textContent.includes({said:?})"
    ));
    page.open_at("#step=99&digit=x");
    page.browser
        .wait_until("document.querySelector('#steps :checked') !== null");
    let last = steps().last().unwrap().name.to_string();
    assert_eq!(
        page.browser
            .value("document.querySelector('#steps :checked').value"),
        last.as_str()
    );
}
