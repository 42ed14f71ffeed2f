enum VokenClientPlaceholder {}
