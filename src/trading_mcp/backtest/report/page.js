"use strict";
// Draws the charts in the colours of the page, and again when those change.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const bytes = document.documentElement.outerHTML.length;
  document.getElementById("size").textContent =
    `This page is ${(bytes / 1e6).toFixed(1)} MB and loads nothing.`;

  const colour = (name) =>
    getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim();
  const faint = (name, share) => {
    const parts = [1, 3, 5].map((at) => parseInt(colour(name).slice(at, at + 2), 16));
    return `rgba(${parts.join(",")},${share})`;
  };

  const axis = (more) => ({
    gridcolor: colour("line"), linecolor: colour("line"), zerolinecolor: colour("line"),
    tickfont: { color: colour("soft") }, automargin: true, ...more,
  });

  const layout = (more) => ({
    paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
    font: { color: colour("text"), family: "system-ui, sans-serif", size: 13 },
    margin: { l: 10, r: 10, t: 30, b: 10 }, hovermode: "x unified",
    hoverlabel: { bgcolor: colour("card"), bordercolor: colour("line"), font: { color: colour("text") } },
    legend: { orientation: "h", x: 0, y: 1, yanchor: "bottom" },
    modebar: { bgcolor: "rgba(0,0,0,0)", color: colour("soft"), activecolor: colour("text") },
    ...more,
  });

  const put = (id, traces, shape) => Plotly.react(id, traces, shape, {
    responsive: true, displaylogo: false, displayModeBar: innerWidth > 720,
    modeBarButtonsToRemove: ["select2d", "lasso2d", "autoScale2d"],
  });

  function equity() {
    const lines = data.equity;
    const traces = [{
      x: lines.at, y: lines.equity, name: "Equity", mode: "lines",
      line: { color: colour("main"), width: 1.8 },
    }];
    if (lines.held) {
      traces.push({
        x: lines.at, y: lines.held, name: "Buying and holding", mode: "lines",
        visible: lines.hidden ? "legendonly" : true,
        line: { color: colour("other"), width: 1.2, dash: "dot" },
      });
    }
    traces.push({
      x: lines.at, y: lines.drawdown, name: "Drawdown %", yaxis: "y2", mode: "lines",
      fill: "tozeroy", line: { color: colour("down"), width: 1 }, fillcolor: faint("down", 0.2),
    });
    put("equity", traces, layout({
      xaxis: axis({ type: "date", anchor: "y2" }),
      yaxis: axis({ domain: [0.34, 1], tickformat: ",~r" }),
      yaxis2: axis({ domain: [0, 0.27], ticksuffix: " %" }),
    }));
  }

  function ways(trades, name, tone) {
    const x = [], y = [];
    for (const t of trades) { x.push(t.at, t.end, null); y.push(t.from, t.to, null); }
    return {
      x, y, name, mode: "lines", line: { color: colour(tone), width: 1.5 }, hoverinfo: "skip",
    };
  }

  function entries(trades) {
    return {
      x: trades.map((t) => t.at), y: trades.map((t) => t.from), name: "Entry", mode: "markers",
      marker: {
        symbol: trades.map((t) => (t.long ? "triangle-up" : "triangle-down")), size: 9,
        color: colour("main"), line: { color: colour("card"), width: 1 },
      },
      text: trades.map((t) => (t.long ? "long" : "short")),
      hovertemplate: "%{text} at %{y}<extra></extra>",
    };
  }

  function exits(trades) {
    return {
      x: trades.map((t) => t.end), y: trades.map((t) => t.to), name: "Exit", mode: "markers",
      marker: {
        symbol: "circle", size: 6, color: trades.map((t) => colour(t.pnl > 0 ? "up" : "down")),
        line: { color: colour("card"), width: 1 },
      },
      text: trades.map((t) => `${t.why.replace(/_/g, " ")}, ${t.pnl}`),
      hovertemplate: "%{text} at %{y}<extra></extra>",
    };
  }

  function chart(shown, place) {
    const traces = [], trades = shown.trades;
    if (shown.candles) {
      const c = shown.candles;
      traces.push({
        type: "candlestick", name: shown.pair, x: c.at, open: c.open, high: c.high, low: c.low,
        close: c.close, increasing: { line: { color: faint("up", 0.55), width: 1 } },
        decreasing: { line: { color: faint("down", 0.55), width: 1 } }, hoverinfo: "skip",
        showlegend: false,
      });
    }
    traces.push(ways(trades.filter((t) => t.pnl > 0), "Won", "up"));
    traces.push(ways(trades.filter((t) => t.pnl <= 0), "Lost", "down"));
    traces.push(entries(trades), exits(trades));
    put("chart" + place, traces, layout({
      hovermode: "closest",
      xaxis: axis({ type: "date", rangeslider: { visible: false } }),
      yaxis: axis({ tickformat: ",~r" }),
    }));
  }

  function map() {
    const m = data.map;
    const name = (value) => String(Number(value.toPrecision(6)));
    const x = m.xs.map(name), y = m.ys.map(name);
    const nearest = (values, best) => values.reduce(
      (found, v, i) => (Math.abs(v - best) < Math.abs(values[found] - best) ? i : found), 0);
    const column = nearest(m.xs, m.best[0]), row = nearest(m.ys, m.best[1]);
    put("map", [{
      type: "heatmap", x, y, z: m.scores, texttemplate: "%{z:.3~g}", xgap: 2, ygap: 2,
      colorscale: [[0, colour("down")], [0.5, colour("card")], [1, colour("up")]], zmid: 0,
      hovertemplate: `${m.x} %{x}, ${m.y} %{y}: %{z:.4~g}<extra></extra>`,
      colorbar: { thickness: 12, outlinewidth: 0, tickfont: { color: colour("soft") } },
    }], layout({
      hovermode: "closest",
      shapes: [{
        type: "rect", x0: column - 0.49, x1: column + 0.49, y0: row - 0.49, y1: row + 0.49,
        line: { color: colour("text"), width: 2.5 },
      }],
      xaxis: axis({ type: "category", title: { text: m.x }, showgrid: false }),
      yaxis: axis({ type: "category", title: { text: m.y }, showgrid: false }),
    }));
  }

  function draw() {
    if (document.getElementById("equity")) equity();
    data.charts.forEach(chart);
    if (data.map) map();
  }

  draw();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
})();
