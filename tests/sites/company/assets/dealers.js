// The whole page is made here: without scripts it is empty.
const make = (name, text, attributes = {}) =>
  Object.assign(document.createElement(name), { textContent: text, ...attributes });

const describe = (dealer) => {
  const item = document.createElement("li");
  item.append(
    make("h2", `${dealer.name}, ${dealer.town}`),
    make("p", `${dealer.street}. Open ${dealer.hours}.`),
    make("p", dealer.note),
  );
  return item;
};

const header = make("header", "", { className: "site-header" });
const row = make("div", "", { className: "wrap site-header__row" });
const home = make("a", "", { className: "logo", href: "/" });
home.append(make("img", "", { src: "/assets/logo.svg", alt: "Fernwater", width: 156, height: 36 }));
row.append(home, make("a", "Products", { href: "/products/" }), make("a", "Contact", { href: "/contact/" }));
header.append(row);

const response = await fetch("/data/dealers.json");
const dealers = await response.json();
const main = document.createElement("main");
main.className = "wrap page";
const list = make("ul", "", { className: "posts" });
list.append(...dealers.map(describe));
main.append(
  make("h1", "Find a dealer"),
  make("p", "These gardeners' shops have our sensors on the shelf and a test bed to try them in.", {
    className: "lead",
  }),
  list,
);
document.getElementById("app").append(header, main);
