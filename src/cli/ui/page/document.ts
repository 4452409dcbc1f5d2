/** The page before anything is known: it is the same for everybody, and holds nothing of a cluster. */

export const PAGE = `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<meta name="color-scheme" content="light dark">
<title>kubelet-medic</title>
<link rel="stylesheet" href="/page.css">
<script src="/page.js" defer></script>
</head>
<body data-stale="true">
<header>
<h1>kubelet-medic</h1>
<p id="about"></p>
<p id="link" role="status">not current</p>
</header>
<p id="stale" role="alert" hidden></p>
<p id="late" role="alert" hidden></p>
<div id="spoken" class="unseen" role="status"></div>
<noscript><p>This page needs JavaScript: it shows nothing by itself. <code>kubectl medic status</code> shows the same in a terminal.</p></noscript>
<main>
<section id="notices" aria-labelledby="notices-title" hidden>
<h2 id="notices-title">What is not shown</h2>
<ul id="notice-list"></ul>
</section>
<section aria-labelledby="incidents-title">
<h2 id="incidents-title" tabindex="-1">Open incidents</h2>
<div class="scroll" role="region" aria-labelledby="incidents-title" tabindex="0">
<table id="incident-table" hidden>
<thead><tr><th scope="col">Incident</th><th scope="col">Node</th><th scope="col">Cause</th><th scope="col" class="n">Age</th><th scope="col">Waits for</th><th scope="col">Do</th></tr></thead>
<tbody id="incident-rows"></tbody>
</table>
</div>
<p id="incidents-note" class="note"></p>
</section>
<section id="fleet" aria-labelledby="fleet-title" hidden>
<h2 id="fleet-title">Nodes</h2>
<div class="tools">
<div id="legend" role="group" aria-label="Show only nodes that are"></div>
<label>Name <input id="search" type="search" autocomplete="off" spellcheck="false"></label>
<span id="shown" role="status"></span>
</div>
<div class="pair">
<div id="grid" role="grid" aria-label="Nodes, a cell each" aria-describedby="grid-help"></div>
<aside id="details" tabindex="-1" aria-labelledby="details-title details-name">
<h2 id="details-title">Node</h2>
<div id="details-body"></div>
</aside>
</div>
<p id="grid-help" class="unseen">Arrow keys move, Page Up and Page Down by ten rows, Home and End within a row, with Control to the first and the last. Enter leads to what is known of the node, Escape back.</p>
</section>
<section id="policies" aria-labelledby="policies-title" hidden>
<h2 id="policies-title">Policies</h2>
<div class="scroll" role="region" aria-labelledby="policies-title" tabindex="0">
<table>
<thead><tr><th scope="col">Policy</th><th scope="col">Mode</th><th scope="col">Nodes</th><th scope="col">Unhealthy</th><th scope="col">Breaker</th><th scope="col">In flight</th><th scope="col">Would</th></tr></thead>
<tbody id="policy-rows"></tbody>
</table>
</div>
</section>
<section id="ended" aria-labelledby="ended-title" hidden>
<h2 id="ended-title">Ended since this page is served</h2>
<ul id="ended-list"></ul>
</section>
</main>
<dialog id="decide" aria-labelledby="decide-title" aria-describedby="decide-facts decide-would decide-notes">
<form id="decide-form">
<p id="decide-stale" role="alert" hidden></p>
<h2 id="decide-title"></h2>
<p id="decide-facts" class="note"></p>
<fieldset id="decide-options" hidden><legend>Restore it by</legend><div id="decide-radios"></div></fieldset>
<p id="decide-would" role="status"></p>
<ul id="decide-notes"></ul>
<label><span id="decide-reason-label">Reason</span> <input id="decide-reason" maxlength="1024" autocomplete="off"></label>
<p id="decide-as" class="note"></p>
<p id="decide-error" role="alert"></p>
<div class="actions">
<button type="button" id="decide-cancel">Cancel</button>
<button type="submit" id="decide-confirm" disabled></button>
</div>
</form>
</dialog>
<dialog id="report" aria-labelledby="report-title">
<div class="actions">
<h2 id="report-title"></h2>
<button type="button" id="report-save" disabled>Save as a file</button>
<button type="button" id="report-close">Close</button>
</div>
<p id="report-status" role="status"></p>
<iframe id="report-frame" sandbox hidden></iframe>
</dialog>
</body>
</html>
`;
