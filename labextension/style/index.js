import "../lib/style.css";
