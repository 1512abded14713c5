//! Draws a graph as SVG, to be read on light and on dark ground: lines in colours of middling brightness, everything else in
//! the ink of the page.

use anyhow::{Result, anyhow};
use plotters::coord::ranged1d::{AsRangedCoord, ValueFormatter};
use plotters::prelude::*;

use crate::record::Graph;

/// Told apart by those who see no red or no green, too (Okabe and Ito, without black and yellow).
const COLOURS: [RGBColor; 7] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(86, 160, 220),
    RGBColor(200, 140, 0),
    RGBColor(128, 128, 128),
];
/// What is drawn in this is drawn in the ink of the page.
const INK: RGBColor = RGBColor(1, 1, 1);
const SIZE: (u32, u32) = (860, 460);

/// The graph as SVG.
///
/// # Errors
/// It cannot be drawn: it has no point.
pub fn draw(graph: &Graph) -> Result<String> {
    let points = || graph.lines.iter().flat_map(|it| &it.points);
    let range = |value: fn(&(f64, f64)) -> f64, logarithmic: bool| {
        let (low, high) = points()
            .map(value)
            .fold((f64::MAX, f64::MIN), |(low, high), it| {
                (low.min(it), high.max(it))
            });
        let room = 0.05 * (high - low).max(1e-9);
        if logarithmic {
            low / 1.3..high * 1.3
        } else {
            low - room..high + room
        }
    };
    let x = range(|it| it.0, graph.x.logarithmic);
    let y = range(|it| it.1, graph.y.logarithmic);
    let mut svg = String::new();
    match (graph.x.logarithmic, graph.y.logarithmic) {
        (false, false) => draw_in(&mut svg, graph, x, y),
        (true, false) => draw_in(&mut svg, graph, x.log_scale(), y),
        (false, true) => draw_in(&mut svg, graph, x, y.log_scale()),
        (true, true) => draw_in(&mut svg, graph, x.log_scale(), y.log_scale()),
    }?;
    let style = "<style>text{font-family:sans-serif}[fill=\"#010101\"]{fill:#1f2328}[stroke=\"#010101\"]{stroke:#1f2328}\
@media(prefers-color-scheme:dark){[fill=\"#010101\"]{fill:#e6edf3}[stroke=\"#010101\"]{stroke:#e6edf3}}</style>";
    let (head, body) = svg.split_once('\n').unwrap_or(("", &svg));
    Ok(format!("{head}\n{style}\n{body}"))
}

fn draw_in<X, Y>(svg: &mut String, graph: &Graph, x: X, y: Y) -> Result<()>
where
    X: AsRangedCoord<Value = f64>,
    Y: AsRangedCoord<Value = f64>,
    X::CoordDescType: ValueFormatter<f64>,
    Y::CoordDescType: ValueFormatter<f64>,
{
    let failed = |error: &dyn std::fmt::Display| anyhow!("{}: {error}", graph.name);
    let area = SVGBackend::with_string(svg, SIZE).into_drawing_area();
    let text = |size: u32| ("sans-serif", size).into_font().color(&INK);
    let mut chart = ChartBuilder::on(&area)
        .caption(&graph.title, text(17))
        .margin(12)
        .x_label_area_size(44)
        .y_label_area_size(72)
        .build_cartesian_2d(x, y)
        .map_err(|error| failed(&error))?;
    chart
        .configure_mesh()
        .x_desc(&graph.x.label)
        .y_desc(&graph.y.label)
        .axis_desc_style(text(14))
        .label_style(text(13))
        .axis_style(INK)
        .bold_line_style(RGBColor(128, 128, 128).mix(0.3))
        .light_line_style(TRANSPARENT)
        .draw()
        .map_err(|error| failed(&error))?;
    for (line, colour) in graph.lines.iter().zip(COLOURS.iter().cycle()) {
        let style = colour.stroke_width(2);
        chart
            .draw_series(LineSeries::new(line.points.iter().copied(), style).point_size(2))
            .map_err(|error| failed(&error))?
            .label(&line.name)
            .legend(move |(x, y)| PathElement::new(vec![(x, y), (x + 18, y)], style));
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperLeft)
        .label_font(text(13))
        .draw()
        .map_err(|error| failed(&error))?;
    area.present().map_err(|error| failed(&error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{Axis, Line};

    #[test]
    fn the_ink_follows_the_page() {
        let graph = Graph {
            name: "g".to_owned(),
            title: "A title".to_owned(),
            x: Axis::linear("x"),
            y: Axis::logarithmic("y"),
            lines: vec![Line {
                name: "a line".to_owned(),
                points: vec![(1.0, 1.0), (2.0, 1000.0)],
            }],
        };
        let svg = draw(&graph).expect("it has points");
        assert!(svg.contains("A title") && svg.contains("a line"), "{svg}");
        assert!(svg.contains("prefers-color-scheme:dark"), "{svg}");
        let black = ["#000000", "black"].iter().any(|it| svg.contains(it));
        assert!(!black, "what is black cannot be seen on dark ground: {svg}");
    }
}
