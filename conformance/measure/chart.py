"""In: points. Out: a line chart as SVG. Measures nothing."""

LEFT, TOP, WIDE, HIGH = 70, 20, 520, 220


def line(points, across, up):
    """From zero, so that a falling rate looks as steep as it is."""
    most_x, most_y = max(x for x, _ in points), max(y for _, y in points) * 1.1
    place = [(LEFT + WIDE * x / most_x, TOP + HIGH * (1 - y / most_y)) for x, y in points]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in place)
    marks = []
    for part in range(5):
        y = TOP + HIGH * (1 - part / 4)
        marks.append(f'<text x="{LEFT - 8}" y="{y + 4:.0f}" text-anchor="end">{most_y * part / 4:,.0f}</text>')
        marks.append(f'<line x1="{LEFT}" y1="{y:.0f}" x2="{LEFT + WIDE}" y2="{y:.0f}" stroke="#dde3e7"/>')
        x = LEFT + WIDE * part / 4
        marks.append(f'<text x="{x:.0f}" y="{TOP + HIGH + 18}" text-anchor="middle">{most_x * part / 4:,.0f}</text>')
    names = [
        f'<text x="{LEFT}" y="{TOP - 6}" font-weight="bold">{up}</text>',
        f'<text x="{LEFT + WIDE}" y="{TOP + HIGH + 36}" text-anchor="end">{across}</text>',
    ]
    size = f'width="{LEFT + WIDE + 30}" height="{TOP + HIGH + 46}"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif" font-size="12">'
    ground = f'<rect {size} fill="#ffffff"/>'
    drawn = f'<polyline points="{path}" fill="none" stroke="#2a6f97" stroke-width="2"/>'
    return "\n".join([head, f"<title>{up}</title>", ground, *marks, *names, drawn, "</svg>", ""])
