#!/usr/bin/env bash
# Makes the plotting library that the HTML report carries, from the npm registry; only what plots.js uses of it.
set -euo pipefail
target=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)/flask_lab/reports/html/static/vendor/observable-plot.js
plot=0.6.17 esbuild=0.28.2
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund "@observablehq/plot@$plot" "esbuild@$esbuild"
echo 'export { plot, axisX, axisY, dot, gridX, gridY, line, rect, ruleX, ruleY, text } from "@observablehq/plot";' > entry.js
banner="/* Observable Plot $plot, Copyright 2020-2025 Observable, Inc., with D3 and isoformat, Copyright 2010-2026 Mike Bostock
(ISC), and interval-tree-1d and binary-search-bounds, Copyright 2013-2020 Mikola Lysenko (MIT).
Permission to use, copy, modify, and/or distribute this software for any purpose with or without fee is hereby granted,
provided that the above copyright notice and this permission notice appear in all copies. THE SOFTWARE IS PROVIDED \"AS
IS\" AND THE AUTHOR DISCLAIMS ALL WARRANTIES WITH REGARD TO THIS SOFTWARE. Made by scripts/vendor-plots.sh. */"
npx esbuild entry.js --bundle --minify --charset=utf8 --format=iife --global-name=Plot --banner:js="$banner" --outfile="$target"
