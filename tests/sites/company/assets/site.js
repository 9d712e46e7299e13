// The consent banner goes once somebody has chosen.
const banner = document.getElementById("cookie-consent");
if (banner) {
  banner.hidden = localStorage.getItem("consent") !== null;
  for (const button of banner.querySelectorAll("button")) {
    button.addEventListener("click", () => {
      localStorage.setItem("consent", button.className);
      banner.hidden = true;
    });
  }
}
