/** Where the page's style is served. */
export const STYLE_PATH = '/hl/style.css';

/** The page's style. In TypeScript, so that a build needs no step that copies files. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --ground: #eef1f5;
  --card: #ffffff;
  --ink: #14202e;
  --soft: #55616f;
  --line: #d4dae2;
  --accent: #0b5d57;
  --on-accent: #ffffff;
  --tint: #e3f0ee;
  --bad: #a3231b;
  --bad-tint: #fcebe9;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #10161d;
    --card: #1a222c;
    --ink: #edf1f5;
    --soft: #a8b3bf;
    --line: #38434f;
    --accent: #6fd3c7;
    --on-accent: #0a2220;
    --tint: #1d3735;
    --bad: #ff9d94;
    --bad-tint: #3a1f1d;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0;
  min-height: 100vh;
  background: var(--ground);
  color: var(--ink);
  font: 16px/1.5 system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', sans-serif;
}
header {
  display: flex;
  flex-wrap: wrap;
  gap: 8px 12px;
  align-items: center;
  justify-content: space-between;
  max-width: 460px;
  margin: 0 auto;
  padding: 24px 20px 12px;
}
.tag { color: var(--soft); font-size: 14px; }
main {
  max-width: 460px;
  margin: 0 auto 48px;
  padding: 28px;
  background: var(--card);
  border: 1px solid var(--line);
  border-radius: 16px;
  box-shadow: 0 12px 32px rgb(20 32 46 / 8%);
}
h1 { margin: 0 0 8px; font-size: 26px; line-height: 1.2; letter-spacing: -0.01em; overflow-wrap: anywhere; }
h2 { margin: 0 0 4px; font-size: 16px; }
p { margin: 0 0 16px; }
strong { overflow-wrap: anywhere; }
.lead { color: var(--soft); }
.lead strong { color: var(--ink); }
.steps { margin-bottom: 20px; }
.steps p { margin: 0 0 6px; font-size: 14px; color: var(--soft); }
progress {
  display: block;
  width: 100%;
  height: 6px;
  border: 0;
  border-radius: 3px;
  overflow: hidden;
  background: var(--line);
  appearance: none;
}
progress::-webkit-progress-bar { background: var(--line); }
progress::-webkit-progress-value { background: var(--accent); }
progress::-moz-progress-bar { background: var(--accent); }
.heading { display: flex; gap: 14px; align-items: center; margin-bottom: 16px; }
.heading h1 { margin: 0; }
.mark {
  flex: none;
  display: grid;
  place-items: center;
  width: 40px;
  height: 40px;
  border-radius: 12px;
  background: var(--tint);
  color: var(--accent);
  font-weight: 700;
}
.banks { list-style: none; margin: 0 0 16px; padding: 0; display: grid; gap: 10px; }
button { font: inherit; cursor: pointer; }
.bank, .primary, .quiet { border-radius: 10px; }
.bank {
  display: flex;
  gap: 14px;
  align-items: center;
  width: 100%;
  padding: 12px 14px;
  text-align: left;
  font-weight: 600;
  color: var(--ink);
  background: transparent;
  border: 1px solid var(--line);
}
.bank:hover { border-color: var(--accent); background: var(--tint); }
label { display: block; margin: 0 0 6px; font-weight: 600; }
input:not([type='checkbox']) {
  width: 100%;
  min-height: 46px;
  margin: 0 0 16px;
  padding: 10px 12px;
  font: inherit;
  color: inherit;
  background: transparent;
  border: 1px solid var(--soft);
  border-radius: 10px;
}
input[aria-invalid='true'] { border-color: var(--bad); }
.hint { padding: 10px 12px; font-size: 14px; color: var(--soft); background: var(--tint); border-radius: 10px; }
.hint code { color: var(--ink); font-size: 14px; }
.primary {
  display: block;
  width: 100%;
  min-height: 48px;
  padding: 11px 16px;
  text-align: center;
  text-decoration: none;
  font-weight: 600;
  color: var(--on-accent);
  background: var(--accent);
  border: 1px solid var(--accent);
}
.primary:hover { filter: brightness(1.12); }
.quiet {
  min-height: 44px;
  padding: 8px 0;
  color: var(--accent);
  background: transparent;
  border: 0;
  text-decoration: underline;
  text-underline-offset: 3px;
}
.row { display: flex; flex-wrap: wrap; justify-content: space-between; gap: 4px 20px; margin-top: 12px; }
.quiet:hover { text-decoration-thickness: 2px; }
fieldset { margin: 0 0 16px; padding: 0; border: 0; min-width: 0; }
legend { margin-bottom: 12px; padding: 0; color: var(--soft); }
.account {
  display: flex;
  gap: 12px;
  align-items: center;
  margin-bottom: 10px;
  padding: 12px 14px;
  border: 1px solid var(--line);
  border-radius: 10px;
  cursor: pointer;
}
.account:hover, .account:has(:checked) { border-color: var(--accent); }
.account:has(:checked) { background: var(--tint); }
.account input { flex: none; width: 20px; height: 20px; margin: 0; accent-color: var(--accent); }
.account-name { flex: 1; min-width: 0; }
.account-name small { display: block; font-size: 14px; font-weight: 400; color: var(--soft); }
.mask { font-variant-numeric: tabular-nums; font-weight: 400; color: var(--soft); white-space: nowrap; }
.mask::before { content: '•• ' / ''; }
.problem {
  padding: 10px 12px;
  color: var(--bad);
  background: var(--bad-tint);
  border-left: 4px solid var(--bad);
  border-radius: 6px;
}
.summary { margin-bottom: 14px; padding: 14px; border: 1px solid var(--line); border-radius: 10px; }
.summary ul { list-style: none; margin: 0; padding: 0; }
.summary li { display: flex; justify-content: space-between; gap: 12px; }
.badge {
  display: grid;
  place-items: center;
  width: 56px;
  height: 56px;
  margin-bottom: 16px;
  border-radius: 50%;
  font-size: 28px;
}
.badge.good { color: var(--accent); background: var(--tint); }
.visually-hidden {
  position: absolute;
  width: 1px;
  height: 1px;
  margin: -1px;
  overflow: hidden;
  clip-path: inset(50%);
  white-space: nowrap;
}
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
@media (max-width: 520px) {
  body { background: var(--card); }
  header { padding: 16px 20px; }
  main { margin: 0; padding: 12px 20px 32px; border: 0; border-radius: 0; box-shadow: none; }
}
`;
