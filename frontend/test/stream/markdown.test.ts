import { expect, test } from "vitest";
import { nodesOf } from "../../src/stream/markdown";

function rendered(html: string): HTMLElement {
  const place = document.createElement("div");
  place.append(nodesOf(html));
  return place;
}

test("what Markdown consists of is taken over", () => {
  const place = rendered(
    '<h1>A</h1><ol start="3"><li>b <em>c</em></li></ol><pre><code>d\n</code></pre>' +
      "<table><tbody><tr><td>e</td></tr></tbody></table>",
  );
  expect(place.querySelector("h1")?.dir).toBe("auto");
  expect(place.querySelector("ol")?.getAttribute("start")).toBe("3");
  expect(place.querySelector("li em")?.textContent).toBe("c");
  expect(place.querySelector("pre code")?.textContent).toBe("d\n");
  expect(place.querySelector("table td")?.textContent).toBe("e");
});

test("nothing acts, loads or looks otherwise", () => {
  const place = rendered(
    '<p onclick="a()" style="position:fixed" class="jp-Button">x<script>alert(1)</script></p>' +
      '<img src="https://evil.example/?secret" alt="a picture"><object data="/"></object>' +
      '<svg onload="a()"></svg><form action="/"><input></form>',
  );
  expect(place.querySelectorAll("script, img, object, svg, form, input")).toHaveLength(0);
  const paragraph = place.querySelector("p");
  expect(paragraph?.getAttributeNames()).toEqual(["dir"]);
  expect(place.textContent).toContain("a picture");
});

test("links lead to pages only, in another tab that knows nothing of this one", () => {
  const place = rendered(
    '<a href="https://example.org/a">a</a><a href="javascript:alert(1)">b</a><a href="data:text/html,x">c</a>',
  );
  const [page, script, data] = place.querySelectorAll("a");
  expect(page?.href).toBe("https://example.org/a");
  expect(page?.rel).toBe("noopener noreferrer");
  expect(page?.target).toBe("_blank");
  expect(script?.hasAttribute("href")).toBe(false);
  expect(data?.hasAttribute("href")).toBe(false);
});
