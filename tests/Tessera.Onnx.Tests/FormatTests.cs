using Tessera.Onnx.Format;
using Xunit;

namespace Tessera.Onnx.Tests;

public class FormatTests
{
    [Fact]
    public void What_is_no_model_is_refused_by_its_name()
    {
        var error = Assert.Throws<InvalidDataException>(() => ModelReader.Parse(new byte[] { 0x3A, 0x7F, 1, 2 }, "cut.onnx"));
        Assert.Equal("cut.onnx: a field of 127 bytes where 2 are left; it is no ONNX model, or it is damaged.", error.Message);
    }
}
