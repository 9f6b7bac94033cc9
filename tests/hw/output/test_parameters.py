from fireline.hw.output.parameters import ParameterWord


def test_a_packed_parameter_word_is_the_constant_of_its_layout():
    layout = ParameterWord(3, 20, 12)
    channels = [(-5, 4095), (2**19 - 1, 1)]
    fields = [{"bias": bias, "multiplier": multiplier} for bias, multiplier in channels]
    constant = layout.const([*fields, {"bias": 0, "multiplier": 0}])
    assert layout.pack(channels) == constant.as_value().value
