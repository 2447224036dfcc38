//! The table of peers as a picture: a line for each row, a mark for each library, ratios on a logarithmic scale.

use std::fmt::Write;

use crate::report::{BASE, COLUMNS, Measured};

const LEFT: f64 = 250.0;
const WIDTH: f64 = 620.0;
const LINE: f64 = 20.0;
const TOP: f64 = 74.0;
/// Ends of the scale.
const LEAST: f64 = 0.05;
const MOST: f64 = 12.0;

fn x(ratio: f64) -> f64 {
    LEFT + WIDTH * (ratio.clamp(LEAST, MOST) / LEAST).ln() / (MOST / LEAST).ln()
}

pub fn svg(rows: &[Measured], caption: &str) -> String {
    let rows: Vec<_> = rows.iter().filter(|row| row.seconds[BASE].is_some()).collect();
    let bottom = TOP + LINE * rows.len() as f64;
    let (width, height) = (LEFT + WIDTH + 30.0, bottom + 46.0);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" \
         font-family=\"sans-serif\" font-size=\"12\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n\
         <text x=\"12\" y=\"20\" font-size=\"15\">Operations per second on one core, aws-lc-rs = 1</text>\n"
    );
    for (place, column) in COLUMNS.iter().enumerate() {
        let left = 12.0 + 105.0 * place as f64;
        let _ = writeln!(out, "{}", mark(left + 5.0, 38.0, place, column.name));
        let _ = writeln!(out, "<text x=\"{:.0}\" y=\"42\">{}</text>", left + 14.0, column.name);
    }
    for tick in [0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 4.0, 8.0] {
        let (at, colour) = (x(tick), if tick == 1.0 { "#000" } else { "#ddd" });
        let _ = writeln!(
            out,
            "<line x1=\"{at:.1}\" y1=\"{TOP}\" x2=\"{at:.1}\" y2=\"{bottom}\" stroke=\"{colour}\"/>\
             <text x=\"{at:.1}\" y=\"{:.0}\" text-anchor=\"middle\">{tick}</text>",
            TOP - 6.0
        );
    }
    for (line, row) in rows.iter().enumerate() {
        let middle = TOP + LINE * (line as f64 + 0.5);
        let _ = writeln!(
            out,
            "<text x=\"{:.0}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>\
             <line x1=\"{LEFT}\" y1=\"{middle:.1}\" x2=\"{:.0}\" y2=\"{middle:.1}\" stroke=\"#eee\"/>",
            LEFT - 8.0,
            middle + 4.0,
            row.row.task.name(),
            LEFT + WIDTH
        );
        // Ours last, so that they lie on top.
        for place in (0..COLUMNS.len()).rev() {
            if let Some(ratio) = row.ratio(place) {
                let title = format!("{}: {} {ratio:.2}", row.row.task.name(), COLUMNS[place].name);
                let _ = writeln!(out, "{}", mark(x(ratio), middle, place, &title));
            }
        }
    }
    let _ = writeln!(out, "<text x=\"12\" y=\"{:.0}\" fill=\"#555\">{caption}</text>\n</svg>", bottom + 28.0);
    out
}

/// Ours are filled, the others are rings.
fn mark(x: f64, y: f64, place: usize, title: &str) -> String {
    let colour = COLUMNS[place].colour;
    let paint = if place < BASE {
        format!("fill=\"{colour}\" stroke=\"#fff\" stroke-width=\"0.7\"")
    } else {
        format!("fill=\"none\" stroke=\"{colour}\" stroke-width=\"1.8\"")
    };
    format!("<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"4.5\" {paint}><title>{title}</title></circle>")
}
