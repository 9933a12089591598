Hello <%= name %>
